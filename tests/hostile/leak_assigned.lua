-- SPDX-License-Identifier: Apache-2.0
-- tries: a part of an earlier record assigned into this one
-- expect: earlier record
-- before: {"o":{"a":1}}
local kept
function transform(r)
  kept = kept or r.o
  r.other = kept
  return r
end
