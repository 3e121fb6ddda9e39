-- SPDX-License-Identifier: Apache-2.0
-- tries: ever new patterns, each compiled and kept
-- expect: the script
function transform(r, meta)
  local n = 0
  while true do n = n + 1 sluice.re.test('a', '(a|b|c){1,50}x' .. n) end
end
