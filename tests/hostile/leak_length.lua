-- SPDX-License-Identifier: Apache-2.0
-- tries: the length of an earlier list
-- expect: earlier record
-- before: {"l":[1,2]}
local kept
function transform(r)
  kept = kept or r.l
  return {#kept}
end
