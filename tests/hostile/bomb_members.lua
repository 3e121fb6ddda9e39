-- SPDX-License-Identifier: Apache-2.0
-- tries: members without end
-- expect: the script
function transform(r, meta)
  local i = 0
  while true do i = i + 1 r['k' .. i] = i end
end
