-- SPDX-License-Identifier: Apache-2.0
-- tries: one table.sort over one long string many times over
-- expect: the script
-- cap: time
function transform(r, meta)
  local s, t = ('x'):rep(3000000), {}
  for i = 1, 50000 do t[i] = s end
  table.sort(t)
  return {#t}
end
