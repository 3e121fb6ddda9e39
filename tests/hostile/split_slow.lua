-- SPDX-License-Identifier: Apache-2.0
-- tries: a text split by one that nearly matches everywhere
-- expect: the script
-- cap: time
function transform(r, meta)
  local text, by = ('a'):rep(100000), ('a'):rep(50000) .. 'b'
  while true do sluice.split(text, by) end
end
