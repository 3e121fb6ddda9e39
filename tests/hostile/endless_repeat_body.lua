-- SPDX-License-Identifier: Apache-2.0
-- tries: a repeat loop with work in its condition
-- expect: the script
-- cap: time
function transform(r, meta)
  local n = 0
  repeat n = n + 1 until n < 0
end
