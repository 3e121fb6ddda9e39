-- SPDX-License-Identifier: Apache-2.0
-- tries: thousands of variables to be closed, each with a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local m = {__close = function() while true do end end}
  local function f(n)
    local x <close> = setmetatable({}, m)
    if n > 0 then f(n - 1) end
    error('unwind')
  end
  while true do pcall(f, 150) end
end
