-- SPDX-License-Identifier: Apache-2.0
-- tries: iteration from the largest integer
-- expect: ended unharmed
function transform(r, meta)
  local f, s = ipairs(r.l)
  assert(f(s, math.maxinteger) == nil)
  assert(next(r.l, math.maxinteger) == nil)
  local g, t = ipairs({1})
  assert(g(t, math.maxinteger) == nil)
  error('ended unharmed')
end
