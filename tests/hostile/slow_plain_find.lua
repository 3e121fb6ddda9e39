-- SPDX-License-Identifier: Apache-2.0
-- tries: a plain search for a long text that nearly matches everywhere
-- expect: the script
-- cap: time
function transform(r, meta)
  local text, wanted = ('a'):rep(1000000), ('a'):rep(500000) .. 'b'
  while true do text:find(wanted, 1, true) end
end
