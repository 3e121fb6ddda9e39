-- SPDX-License-Identifier: Apache-2.0
-- tries: base64 of a long text in a loop
-- expect: the script
function transform(r, meta)
  local s = ('x'):rep(1000000)
  while true do sluice.base64.decode(sluice.base64.encode(s)) end
end
