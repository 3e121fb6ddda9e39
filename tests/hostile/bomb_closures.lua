-- SPDX-License-Identifier: Apache-2.0
-- tries: closures without end, all kept
-- expect: the script
function transform(r, meta)
  local kept = {}
  while true do kept[#kept + 1] = function() return kept end end
end
