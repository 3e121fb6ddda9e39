-- SPDX-License-Identifier: Apache-2.0
-- tries: gsub that makes each byte a long text
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  local s = ('x'):rep(100000)
  return {s:gsub('x', s)}
end
