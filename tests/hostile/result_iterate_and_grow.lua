-- SPDX-License-Identifier: Apache-2.0
-- tries: members added to the record that is iterated
-- expect: the script
function transform(r, meta)
  for k in pairs(r) do r[k .. 'x'] = 1 end
  return r
end
