-- SPDX-License-Identifier: Apache-2.0
-- tries: transform is no function but a table to be called
-- expect: expected a global function transform
-- ends: refused
transform = setmetatable({}, {__call = function(_, r) return r end})
