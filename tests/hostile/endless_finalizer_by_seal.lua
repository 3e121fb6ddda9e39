-- SPDX-License-Identifier: Apache-2.0
-- tries: a finalizer slipped in after setmetatable looked, armed when the globals are sealed
-- expect: __gc
-- ends: refused
local meta = {}
T = setmetatable({}, meta)
meta.__gc = function() while true do end end
function transform(r) error('sealed with a finalizer') end
