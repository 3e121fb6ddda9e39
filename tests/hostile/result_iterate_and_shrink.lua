-- SPDX-License-Identifier: Apache-2.0
-- tries: members removed while iterated, and next() of one that is gone
-- expect: invalid key
function transform(r, meta)
  for k in pairs(r) do r[k] = nil end
  assert(next(r) == nil)
  return {next(r, 'never there')}
end
