-- SPDX-License-Identifier: Apache-2.0
-- tries: records emitted without end
-- expect: limit emitted
function transform(r, meta)
  while true do sluice.emit(r) end
end
