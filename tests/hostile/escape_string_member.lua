-- SPDX-License-Identifier: Apache-2.0
-- tries: a member set on a string
-- expect: index a string value
function transform(r, meta)
  local s = 'x'
  s.y = 1
end
