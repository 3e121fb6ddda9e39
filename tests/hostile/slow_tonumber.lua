-- SPDX-License-Identifier: Apache-2.0
-- tries: a number of millions of digits read in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local s = ('1'):rep(4000000)
  while true do tonumber(s) end
end
