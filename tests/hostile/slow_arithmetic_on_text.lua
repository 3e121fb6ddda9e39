-- SPDX-License-Identifier: Apache-2.0
-- tries: a text of millions of spaces used as a number
-- expect: the script
-- cap: time
function transform(r, meta)
  local s = (' '):rep(4000000) .. '1'
  local n = 0
  while true do n = n + s end
end
