-- SPDX-License-Identifier: Apache-2.0
-- tries: string.rep with a long separator
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  return {x = ('x'):rep(100000, ('y'):rep(10000))}
end
