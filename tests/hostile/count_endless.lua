-- SPDX-License-Identifier: Apache-2.0
-- tries: counting without end, wrong names caught
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do
    sluice.count('c', math.maxinteger)
    pcall(sluice.count, ('x'):rep(100000))
  end
end
