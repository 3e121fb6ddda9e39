-- SPDX-License-Identifier: Apache-2.0
-- tries: a table that grows
-- expect: the script
function transform(r, meta)
  local t = {}
  while true do t[#t + 1] = {} end
end
