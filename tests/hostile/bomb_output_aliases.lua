-- SPDX-License-Identifier: Apache-2.0
-- tries: one part in exponentially many places
-- expect: output_bytes
function transform(r, meta)
  local t = {r}
  for i = 1, 100 do t = {t, t} end
  return t
end
