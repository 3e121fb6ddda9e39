-- SPDX-License-Identifier: Apache-2.0
-- tries: the verdict on an earlier record
-- expect: earlier record
-- before: {}
local kept
function transform(r)
  kept = kept or sluice.reject('x')
  return kept
end
