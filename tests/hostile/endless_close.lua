-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in __close while a cap unwinds
-- expect: the script
-- cap: time
function transform(r, meta)
  local x <close> = setmetatable({}, {__close = function() while true do end end})
  while true do end
end
