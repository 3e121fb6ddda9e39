-- SPDX-License-Identifier: Apache-2.0
-- tries: chance without end
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do sluice.random() sluice.uuid.v4() end
end
