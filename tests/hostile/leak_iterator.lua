-- SPDX-License-Identifier: Apache-2.0
-- tries: an iteration over an earlier record carried on
-- expect: earlier record
-- before: {"o":{"a":1}}
local f, s, k
function transform(r)
  if not f then f, s, k = pairs(r) end
  k = f(s, k)
  return {k}
end
