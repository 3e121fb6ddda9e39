-- SPDX-License-Identifier: Apache-2.0
-- tries: the mark of arrays taken off
-- expect: protected metatable
function transform(r, meta)
  setmetatable(sluice.array {}, {})
end
