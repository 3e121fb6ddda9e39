-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in init()
-- expect: the script
-- cap: time
-- ends: refused
function init() while true do end end
function transform(r) return r end
