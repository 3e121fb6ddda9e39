-- SPDX-License-Identifier: Apache-2.0
-- tries: string.format of long texts
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  local s = ('x'):rep(1000000)
  return {('%s'):rep(90):format(table.unpack(setmetatable({}, {__index = function() return s end}), 1, 90))}
end
