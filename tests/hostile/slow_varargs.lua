-- SPDX-License-Identifier: Apache-2.0
-- tries: half a million arguments handed on in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local t = {}
  for i = 1, 100000 do t[i] = i end
  local function f(...) return select('#', ...) end
  while true do f(table.unpack(t)) end
end
