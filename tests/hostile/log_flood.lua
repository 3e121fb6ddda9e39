-- SPDX-License-Identifier: Apache-2.0
-- tries: log lines without end
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do sluice.log('line') end
end
