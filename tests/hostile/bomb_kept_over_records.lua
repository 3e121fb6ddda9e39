-- SPDX-License-Identifier: Apache-2.0
-- tries: what one record keeps, the next finds
-- expect: kept
-- before: {}
local kept = {}
function transform(r, meta)
  kept[#kept + 1] = ('x'):rep(1000000)
  error('kept ' .. #kept)
end
