-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in __index
-- expect: the script
-- cap: time
function transform(r, meta)
  local t = setmetatable({}, {__index = function() while true do end end})
  return {t.x}
end
