-- SPDX-License-Identifier: Apache-2.0
-- tries: a split at every empty place
-- expect: the script
function transform(r, meta)
  local text = ('x'):rep(50000)
  while true do sluice.re.split(text, 'y*') end
end
