-- SPDX-License-Identifier: Apache-2.0
-- tries: a part of an earlier record kept in a table and returned in it
-- expect: earlier record
-- before: {"o":{"a":1}}
local kept = {}
function transform(r)
  kept[1] = kept[1] or r.o
  return kept
end
