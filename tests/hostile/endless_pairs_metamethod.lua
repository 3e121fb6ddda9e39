-- SPDX-License-Identifier: Apache-2.0
-- tries: __pairs with an endless iterator
-- expect: the script
-- cap: time
function transform(r, meta)
  for k in pairs(setmetatable({}, {__pairs = function() return function() return 1 end end})) do end
end
