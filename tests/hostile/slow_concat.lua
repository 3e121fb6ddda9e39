-- SPDX-License-Identifier: Apache-2.0
-- tries: table.concat of eight million empty strings
-- expect: the script
-- cap: time
function transform(r, meta)
  local e = setmetatable({}, {__index = setmetatable({}, {__index = function() return '' end})})
  while true do table.concat(e, '', 1, 8000000) end
end
