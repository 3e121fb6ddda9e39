-- SPDX-License-Identifier: Apache-2.0
-- tries: the place of the last element of a long list named in a loop
-- expect: the script
-- cap: time
-- record: {"l":[@repeat 50000 1,@{}]}
function transform(r, meta)
  local last = r.l[#r.l]
  while true do tostring(last) end
end
