-- SPDX-License-Identifier: Apache-2.0
-- tries: members read that are not there, in an object of many
-- expect: the script
-- cap: time
-- record: {"a":1@repeat 20000 ,"k#":1@}
function transform(r, meta)
  local n = 0
  while true do n = n + 1 local x = r['no' .. n] end
end
