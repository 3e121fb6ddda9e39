-- SPDX-License-Identifier: Apache-2.0
-- tries: string.pack of millions of padding bytes in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do string.pack('c2000000', 'x') end
end
