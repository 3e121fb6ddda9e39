-- SPDX-License-Identifier: Apache-2.0
-- tries: one concatenation of many long strings
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  local s = ('x'):rep(4000000)
  return {s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s}
end
