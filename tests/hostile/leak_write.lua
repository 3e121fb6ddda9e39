-- SPDX-License-Identifier: Apache-2.0
-- tries: a write into an earlier record
-- expect: earlier record
-- before: {"o":{"a":1}}
local kept
function transform(r)
  kept = kept or r.o
  kept.a = 2
  return r
end
