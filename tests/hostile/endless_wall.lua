-- SPDX-License-Identifier: Apache-2.0
-- tries: a wait for the wall clock: the backstop
-- expect: the script
-- cap: wall
-- limit: cpu_us 2000000
-- limit: wall_us 10000
-- limit: instructions 4000000000
function transform(r, meta)
  while true do end
end
