-- SPDX-License-Identifier: Apache-2.0
-- tries: an object of many deleted members in many places: prints as little
-- expect: the script
-- cap: time
-- record: {"o":{"k":0@repeat 2000 ,"k#":1@}}
function transform(r, meta)
  for k in pairs(r.o) do r.o[k] = nil end
  local t = {}
  for i = 1, 250000 do t[i] = r.o end
  return t
end
