-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in __eq
-- expect: the script
-- cap: time
function transform(r, meta)
  local m = {__eq = function() while true do end end}
  return {setmetatable({}, m) == setmetatable({}, m)}
end
