-- SPDX-License-Identifier: Apache-2.0
-- tries: a repeated set of a hundred thousand characters
-- expect: the script
-- cap: time
function transform(r, meta)
  local set = '[^' .. ('b'):rep(100000) .. ']*c'
  return {('a'):rep(100000):find(set)}
end
