-- SPDX-License-Identifier: Apache-2.0
-- tries: string.rep whose size overflows
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  return {x = ('xyz'):rep(math.maxinteger, 'abcdefgh')}
end
