-- SPDX-License-Identifier: Apache-2.0
-- tries: memory taken at the top of the file
-- expect: the script
-- ends: refused
local t = {}
for i = 1, 1 << 40 do t[i] = ('x'):rep(100000) .. i end
function transform(r) return r end
