-- SPDX-License-Identifier: Apache-2.0
-- tries: times at the edges of what can be told
-- expect: unharmed
function transform(r, meta)
  for _, t in ipairs({math.mininteger, math.maxinteger, 1e300, -1e300, 0 / 0, 253402300800000}) do
    pcall(sluice.time.iso, t)
    pcall(sluice.time.format, t, '%Y-%m-%d')
    pcall(sluice.time.floor, t, 'month')
    pcall(sluice.time.add, t, {months = math.maxinteger})
    pcall(sluice.time.add, t, math.maxinteger, 'month')
  end
  error('unharmed')
end
