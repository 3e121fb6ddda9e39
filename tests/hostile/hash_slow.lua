-- SPDX-License-Identifier: Apache-2.0
-- tries: digests of a long text in a loop
-- expect: the script
-- cap: time
function transform(r, meta)
  local s = ('x'):rep(1000000)
  while true do sluice.hash.sha256(s) sluice.hash.md5(s) sluice.hash.crc32(s) end
end
