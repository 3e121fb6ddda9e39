-- SPDX-License-Identifier: Apache-2.0
-- tries: a table that contains itself copied in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local t = {}
  for i = 1, 100 do t[i] = t end
  while true do sluice.deepcopy(t) end
end
