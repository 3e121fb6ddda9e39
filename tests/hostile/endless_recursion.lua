-- SPDX-License-Identifier: Apache-2.0
-- tries: recursion without end
-- expect: stack overflow
-- limit: memory_bytes 67000000
-- limit: cpu_us 2000000
function transform(r, meta)
  local function f(n) return 1 + f(n + 1) end
  return {f(0)}
end
