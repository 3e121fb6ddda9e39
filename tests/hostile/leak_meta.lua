-- SPDX-License-Identifier: Apache-2.0
-- tries: meta of an earlier record
-- expect: earlier record
-- before: {}
local kept
function transform(r, meta)
  kept = kept or meta
  return {kept.position}
end
