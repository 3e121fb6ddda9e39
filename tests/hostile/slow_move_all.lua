-- SPDX-License-Identifier: Apache-2.0
-- tries: table.move over all integers
-- expect: the script
-- cap: time
function transform(r, meta)
  table.move({}, 1, math.maxinteger - 1, 2)
end
