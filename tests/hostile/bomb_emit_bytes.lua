-- SPDX-License-Identifier: Apache-2.0
-- tries: a few very long records emitted
-- expect: output_bytes
function transform(r, meta)
  local s = ('x'):rep(300000)
  for i = 1, 10 do sluice.emit({s = s}) end
end
