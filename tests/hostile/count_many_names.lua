-- SPDX-License-Identifier: Apache-2.0
-- tries: a counter for every number
-- expect: would be the 65th counter
function transform(r, meta)
  for i = 1, 1e9 do
    sluice.count('c' .. i)
  end
end
