-- SPDX-License-Identifier: Apache-2.0
-- tries: string.rep of one byte, millions of times, in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do ('x'):rep(4000000) end
end
