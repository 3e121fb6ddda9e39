-- SPDX-License-Identifier: Apache-2.0
-- tries: thousands of names of every length, read, written and deleted
-- expect: the script
function transform(r, meta)
  local i = 0
  while true do
    i = i + 1
    local k = ('k'):rep(i % 60) .. i
    r[k] = i
    assert(r[k] == i)
    r[k] = nil
    assert(r[k] == nil)
  end
end
