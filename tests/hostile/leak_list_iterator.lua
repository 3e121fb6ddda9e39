-- SPDX-License-Identifier: Apache-2.0
-- tries: an ipairs over an earlier record carried on
-- expect: earlier record
-- before: {"l":[1,2]}
local f, s, k
function transform(r)
  if not f then f, s, k = ipairs(r.l) end
  k = f(s, k)
  return {k}
end
