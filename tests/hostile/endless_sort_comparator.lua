-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in the comparator of table.sort
-- expect: the script
-- cap: time
function transform(r, meta)
  table.sort({3, 2, 1}, function() while true do end end)
end
