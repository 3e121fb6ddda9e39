-- SPDX-License-Identifier: Apache-2.0
-- tries: a finalizer, which would run outside every cap
-- expect: a metatable with __gc is not allowed
function transform(r, meta)
  setmetatable({}, {__gc = function() while true do end end})
end
