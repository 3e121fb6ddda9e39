-- SPDX-License-Identifier: Apache-2.0
-- tries: a set of a hundred thousand characters tried at every place
-- expect: the script
-- cap: time
function transform(r, meta)
  local set = '[' .. ('b'):rep(100000) .. ']'
  return {('a'):rep(100000):find(set)}
end
