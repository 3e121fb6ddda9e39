-- SPDX-License-Identifier: Apache-2.0
-- tries: an indent of two thousand million
-- expect: indent
function transform(r, meta)
  sluice.json.encode({1}, {indent = 1 << 31})
end
