-- SPDX-License-Identifier: Apache-2.0
-- tries: a table that was part of an earlier record and holds parts of it
-- expect: earlier record
-- before: {"o":{"a":1}}
local kept = {}
function transform(r)
  kept.x = kept.x or {r.o}
  r.kept = kept
  return r
end
