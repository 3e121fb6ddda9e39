-- SPDX-License-Identifier: Apache-2.0
-- tries: the record as an element of its own list
-- expect: contains itself
function transform(r, meta)
  r.l[1] = r
  return r
end
