-- SPDX-License-Identifier: Apache-2.0
-- tries: the metatable of the view
-- expect: sealed
function transform(r, meta)
  local m = getmetatable(r)
  assert(m == 'sealed')
  assert(getmetatable(sluice.null) == 'sealed')
  assert(getmetatable(meta) == 'sealed')
  error(m)
end
