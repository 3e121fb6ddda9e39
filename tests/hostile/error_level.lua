-- SPDX-License-Identifier: Apache-2.0
-- tries: error() with levels that do not exist
-- expect: far
function transform(r, meta)
  error('far', 1 << 30)
end
