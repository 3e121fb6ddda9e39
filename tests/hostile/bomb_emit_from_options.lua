-- SPDX-License-Identifier: Apache-2.0
-- tries: emit that is called by the options of emit
-- expect: limit emitted
-- limit: emitted 10
function transform(r, meta)
  local n, o = 0, nil
  o = setmetatable({}, {__index = function() n = n + 1 if n < 150 then sluice.emit({}, o) end end})
  while true do sluice.emit({}, o) end
end
