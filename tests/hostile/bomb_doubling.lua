-- SPDX-License-Identifier: Apache-2.0
-- tries: a string doubled again and again
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  local s = 'x'
  while true do s = s .. s end
end
