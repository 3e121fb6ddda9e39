-- SPDX-License-Identifier: Apache-2.0
-- tries: deep nesting with a wide indent
-- expect: the script
function transform(r, meta)
  local t = {}
  for i = 1, 120 do t = {t, t and i} end
  while true do sluice.json.encode(t, {indent = 10}) end
end
