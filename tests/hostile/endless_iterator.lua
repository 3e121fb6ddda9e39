-- SPDX-License-Identifier: Apache-2.0
-- tries: an iterator that never ends
-- expect: the script
-- cap: time
function transform(r, meta)
  for _ in function() return 1 end do end
end
