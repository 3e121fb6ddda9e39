-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in __concat
-- expect: the script
-- cap: time
function transform(r, meta)
  local t = setmetatable({}, {__concat = function() while true do end end})
  return {t .. 'x'}
end
