-- SPDX-License-Identifier: Apache-2.0
-- tries: an element far behind the end of a list
-- expect: the next is
function transform(r, meta)
  r.l[math.maxinteger] = 1
  return r
end
