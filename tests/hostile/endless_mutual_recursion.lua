-- SPDX-License-Identifier: Apache-2.0
-- tries: two functions that call each other, caught and begun again
-- expect: the script
function transform(r, meta)
  local f, g
  function f(n) return 1 + g(n) end
  function g(n) return 1 + f(n) end
  while true do pcall(f, 1) end
end
