-- SPDX-License-Identifier: Apache-2.0
-- tries: thousands of optional items, each a frame of the stack
-- expect: pattern too complex
function transform(r, meta)
  return {('a'):rep(10000):find(('a?'):rep(10000))}
end
