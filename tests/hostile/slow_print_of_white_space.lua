-- SPDX-License-Identifier: Apache-2.0
-- tries: a list with a million line breaks in it, in many places
-- expect: the script
-- cap: time
-- record: {"l":[@repeat 500000 ^@]}
function transform(r, meta)
  local t = {}
  for i = 1, 100000 do t[i] = r.l end
  return t
end
