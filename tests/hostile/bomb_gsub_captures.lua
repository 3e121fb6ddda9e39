-- SPDX-License-Identifier: Apache-2.0
-- tries: a replacement of many captures
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  return {(('x'):rep(1000000):gsub('(.*)', ('%1'):rep(1000)))}
end
