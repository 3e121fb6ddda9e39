-- SPDX-License-Identifier: Apache-2.0
-- tries: frontiers with long sets at every place
-- expect: the script
-- cap: time
function transform(r, meta)
  local set = '[' .. ('b'):rep(50000) .. ']'
  return {('a'):rep(100000):find('%f' .. set)}
end
