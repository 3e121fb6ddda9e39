-- SPDX-License-Identifier: Apache-2.0
-- tries: a table of an absolute path
-- expect: lookup
-- ends: refused
local t = sluice.lookup('/etc/passwd')
function transform(r) return r end
