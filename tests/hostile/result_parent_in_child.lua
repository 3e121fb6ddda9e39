-- SPDX-License-Identifier: Apache-2.0
-- tries: a detached list that holds the record, which holds a number JSON lacks
-- expect: not a number
function transform(r, meta)
  local l = r.l
  r.l = nil
  l[1] = r
  r.o.bad = {0 / 0}
  return l
end
