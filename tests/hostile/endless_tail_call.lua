-- SPDX-License-Identifier: Apache-2.0
-- tries: tail calls, which need no stack
-- expect: the script
-- cap: time
function transform(r, meta)
  local function f(n) return f(n + 1) end
  return f(0)
end
