-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop without end
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do end
end
