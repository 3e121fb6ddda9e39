-- SPDX-License-Identifier: Apache-2.0
-- tries: a pattern of thousands of captures
-- expect: too many captures
function transform(r, meta)
  return {('x'):find(('('):rep(5000))}
end
