-- SPDX-License-Identifier: Apache-2.0
-- tries: table.remove from a list that claims to be long
-- expect: the script
-- cap: time
function transform(r, meta)
  local t = setmetatable({}, {__len = function() return 8000000 end})
  while true do table.remove(t, 1) end
end
