-- SPDX-License-Identifier: Apache-2.0
-- tries: a chain of __index tables that bites its tail
-- expect: loop
function transform(r, meta)
  local a, b = {}, {}
  setmetatable(a, {__index = b})
  setmetatable(b, {__index = a})
  return {a.x}
end
