-- SPDX-License-Identifier: Apache-2.0
-- tries: a list of the record that grows
-- expect: the script
function transform(r, meta)
  local l = r.l
  for i = #l + 1, 1 << 40 do l[i] = i end
end
