-- SPDX-License-Identifier: Apache-2.0
-- tries: a large record copied in a loop
-- expect: the script
-- record: {"a":1@repeat 20000 ,"k#":[1]@}
function transform(r, meta)
  while true do sluice.totable(r) end
end
