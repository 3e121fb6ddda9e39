-- SPDX-License-Identifier: Apache-2.0
-- tries: a list whose elements are all the same record, copied over and over
-- expect: the script
function transform(r, meta)
  local kept = {}
  while true do kept[#kept + 1] = sluice.totable(r) end
end
