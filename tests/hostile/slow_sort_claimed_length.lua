-- SPDX-License-Identifier: Apache-2.0
-- tries: table.sort of a list that claims two thousand million elements
-- expect: the script
-- cap: time
function transform(r, meta)
  table.sort(setmetatable({}, {__len = function() return (1 << 31) - 2 end}), function() return false end)
end
