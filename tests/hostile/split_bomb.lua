-- SPDX-License-Identifier: Apache-2.0
-- tries: a text split at every byte, kept
-- expect: the script
function transform(r, meta)
  local kept = {}
  local text = (','):rep(100000)
  while true do kept[#kept + 1] = sluice.split(text, ',') end
end
