-- SPDX-License-Identifier: Apache-2.0
-- tries: ranges of chance that overflow
-- expect: unharmed
function transform(r, meta)
  for _, p in ipairs({{math.mininteger, math.maxinteger}, {0, 0}, {5, 1}, {0 / 0}, {1 << 62, 1 << 63}}) do
    pcall(sluice.random, p[1], p[2])
  end
  error('unharmed')
end
