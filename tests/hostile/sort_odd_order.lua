-- SPDX-License-Identifier: Apache-2.0
-- tries: comparators that contradict themselves
-- expect: held
function transform(r, meta)
  for n = 1, 300 do
    local t = {}
    for i = 1, n do t[i] = i % 7 end
    pcall(table.sort, t, function() return true end)
    pcall(table.sort, t, function(a, b) t[1] = nil return a ~= b end)
  end
  error('held')
end
