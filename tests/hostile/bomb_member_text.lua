-- SPDX-License-Identifier: Apache-2.0
-- tries: a long text assigned again and again
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  local s = ('x'):rep(100000)
  for i = 1, 1000000 do r.s = s .. i end
end
