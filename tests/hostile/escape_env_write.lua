-- SPDX-License-Identifier: Apache-2.0
-- tries: a global set through _ENV
-- expect: read-only
function transform(r, meta)
  _ENV.x = 1
end
