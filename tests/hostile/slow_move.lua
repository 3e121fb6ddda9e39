-- SPDX-License-Identifier: Apache-2.0
-- tries: one table.move over eight million places
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do table.move({}, 1, 8000000, 2) end
end
