-- SPDX-License-Identifier: Apache-2.0
-- tries: table.insert into a list that claims to be long
-- expect: the script
-- cap: time
function transform(r, meta)
  local t = setmetatable({}, {__len = function() return 8000000 end})
  while true do table.insert(t, 1, 1) end
end
