-- SPDX-License-Identifier: Apache-2.0
-- tries: short records with very long keys
-- expect: output_bytes
function transform(r, meta)
  local s = ('k'):rep(300000)
  for i = 1, 10 do sluice.emit({}, {key = s .. i}) end
  return r
end
