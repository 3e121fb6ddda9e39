-- SPDX-License-Identifier: Apache-2.0
-- tries: upper() of a long string in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local s = ('x'):rep(1500000)
  while true do s:upper() end
end
