-- SPDX-License-Identifier: Apache-2.0
-- tries: an element before the first
-- expect: named by a number from 1
function transform(r, meta)
  r.l[-1] = 1
  return r
end
