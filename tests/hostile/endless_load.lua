-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop at the top of the file
-- expect: the script
-- cap: time
-- ends: refused
while true do end
function transform(r) return r end
