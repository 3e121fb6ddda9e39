-- SPDX-License-Identifier: Apache-2.0
-- tries: a text of white space trimmed in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local s = (' '):rep(1000000)
  while true do sluice.trim(s) end
end
