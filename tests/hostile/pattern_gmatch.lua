-- SPDX-License-Identifier: Apache-2.0
-- tries: gmatch with backtracking
-- expect: the script
-- cap: time
function transform(r, meta)
  for _ in ('a'):rep(9000):gmatch('.-.-.-.-b') do end
end
