-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop inside pcall, again and again
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do pcall(function() while true do end end) end
end
