-- SPDX-License-Identifier: Apache-2.0
-- tries: long equal strings compared in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local a, b = ('x'):rep(5000000), ('x'):rep(5000000)
  local n = 0
  while n >= 0 do if a ~= b then n = n + 1 end end
end
