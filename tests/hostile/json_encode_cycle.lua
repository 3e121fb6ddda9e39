-- SPDX-License-Identifier: Apache-2.0
-- tries: a table that contains itself, encoded
-- expect: contains itself
function transform(r, meta)
  local t = {}
  t.t = t
  sluice.json.encode(t)
end
