-- SPDX-License-Identifier: Apache-2.0
-- tries: utf8 functions over a long text in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local s = ('x'):rep(3000000)
  while true do utf8.len(s) utf8.offset(s, 2000000) end
end
