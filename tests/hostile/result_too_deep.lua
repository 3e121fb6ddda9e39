-- SPDX-License-Identifier: Apache-2.0
-- tries: a result nested a thousand deep
-- expect: nested deeper
function transform(r, meta)
  local t = {}
  for i = 1, 1000 do t = {t} end
  return t
end
