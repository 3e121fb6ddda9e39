-- SPDX-License-Identifier: Apache-2.0
-- tries: next() on a table whose million entries were all removed
-- expect: the script
-- cap: time
function transform(r, meta)
  local t = {}
  for i = 1, 30000 do t['k' .. i] = 1 end
  for i = 1, 30000 do t['k' .. i] = nil end
  while true do next(t) end
end
