-- SPDX-License-Identifier: Apache-2.0
-- tries: live data up to the memory cap, and garbage on top
-- expect: the script
function transform(r, meta)
  local t = {}
  for i = 1, 9000000 do t[i] = {i} end
end
