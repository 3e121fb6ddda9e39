-- SPDX-License-Identifier: Apache-2.0
-- tries: a table of a file outside the folder
-- expect: lookup
-- ends: refused
local t = sluice.lookup('../../../../etc/passwd')
function transform(r) return r end
