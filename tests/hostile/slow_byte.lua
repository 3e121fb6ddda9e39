-- SPDX-License-Identifier: Apache-2.0
-- tries: string.byte over a million bytes in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local s = ('x'):rep(200000)
  while true do s:byte(1, -1) end
end
