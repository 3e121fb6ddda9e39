-- SPDX-License-Identifier: Apache-2.0
-- tries: a metatable for a global table
-- expect: protected metatable
SHARED = {}
function transform(r) setmetatable(SHARED, {__index = function() return 'stolen' end}) end
