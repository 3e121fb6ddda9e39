-- SPDX-License-Identifier: Apache-2.0
-- tries: the record moved below itself, level by level
-- expect: nested deeper
function transform(r, meta)
  for i = 1, 200 do
    local t = sluice.totable(r)
    r.o = {t}
  end
  return r
end
