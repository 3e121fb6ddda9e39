-- SPDX-License-Identifier: Apache-2.0
-- tries: chance while the script loads, when there is no record to draw it from
-- expect: record
-- ends: refused
local n = sluice.random()
function transform(r) return r end
