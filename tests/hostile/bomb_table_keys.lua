-- SPDX-License-Identifier: Apache-2.0
-- tries: a table with ever longer keys
-- expect: the script
function transform(r, meta)
  local t, k = {}, 'k'
  while true do k = k .. 'kkkkkkkkkkkkkkkkkkkkkkk' t[k] = true end
end
