-- SPDX-License-Identifier: Apache-2.0
-- tries: the hidden content of a sealed table, handed to its own __index and __len
-- expect: read-only
local leaked
CONFIG = setmetatable({limit = 1}, {
  __index = function(t) leaked = t end,
  __len = function(t) leaked = t return 0 end,
})
function transform(r)
  local _ = #CONFIG, CONFIG.nothing
  leaked.limit = 2
  error('the limit is now ' .. CONFIG.limit)
end
