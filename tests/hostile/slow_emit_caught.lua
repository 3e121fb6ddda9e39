-- SPDX-License-Identifier: Apache-2.0
-- tries: emit that fails late, again and again, each time caught
-- expect: the script
-- cap: time
function transform(r, meta)
  local big = {}
  for i = 1, 3000 do big[i] = 'some text of a record' end
  big[#big + 1] = 0 / 0
  while true do pcall(sluice.emit, big) end
end
