-- SPDX-License-Identifier: Apache-2.0
-- tries: the metatable of strings
-- expect: sealed
function transform(r, meta)
  local m = getmetatable('')
  assert(m == 'sealed')
  error(m)
end
