-- SPDX-License-Identifier: Apache-2.0
-- tries: an element of a list taken out of its middle
-- expect: hole
function transform(r, meta)
  r.l[1] = nil
  return r
end
