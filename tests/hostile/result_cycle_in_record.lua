-- SPDX-License-Identifier: Apache-2.0
-- tries: the record as a part of itself
-- expect: contains itself
function transform(r, meta)
  r.o.b.up = r
  return r
end
