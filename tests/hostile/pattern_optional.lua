-- SPDX-License-Identifier: Apache-2.0
-- tries: n optional items and n needed ones
-- expect: the script
-- cap: time
function transform(r, meta)
  return {('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30) .. 'b')}
end
