-- SPDX-License-Identifier: Apache-2.0
-- tries: a table that contains itself
-- expect: contains itself
function transform(r, meta)
  local t = {}
  t.t = t
  return t
end
