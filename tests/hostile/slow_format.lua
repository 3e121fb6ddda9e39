-- SPDX-License-Identifier: Apache-2.0
-- tries: string.format with a long text in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local s = ('x'):rep(2000000)
  while true do string.format('%s%q', s, s) end
end
