-- SPDX-License-Identifier: Apache-2.0
-- tries: table.concat with a long separator
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  local t = {}
  for i = 1, 10000 do t[i] = '' end
  return {table.concat(t, ('x'):rep(10000))}
end
