-- SPDX-License-Identifier: Apache-2.0
-- tries: string.rep of more than there is
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  return {x = ('x'):rep(1 << 40)}
end
