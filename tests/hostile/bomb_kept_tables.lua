-- SPDX-License-Identifier: Apache-2.0
-- tries: a new table assigned again and again
-- expect: the script
function transform(r, meta)
  while true do r.t = {1} end
end
