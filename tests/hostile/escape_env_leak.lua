-- SPDX-License-Identifier: Apache-2.0
-- tries: the hidden table of the globals, handed to an __index
-- expect: read-only
local leaked
setmetatable(_ENV, {__index = function(t) leaked = t end})
function transform(r)
  local _ = no_such_global
  leaked.string = nil
  error('globals were changed')
end
