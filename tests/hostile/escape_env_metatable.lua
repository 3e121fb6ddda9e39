-- SPDX-License-Identifier: Apache-2.0
-- tries: a metatable for the globals
-- expect: protected metatable
function transform(r, meta)
  setmetatable(_ENV, {})
end
