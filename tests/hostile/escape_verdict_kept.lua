-- SPDX-License-Identifier: Apache-2.0
-- tries: a verdict made when there was no record
-- expect: earlier record
local verdict = sluice.reject('x', 'y')
function transform(r) return verdict end
