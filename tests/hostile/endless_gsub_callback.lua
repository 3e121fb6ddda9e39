-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in the function of gsub
-- expect: the script
-- cap: time
function transform(r, meta)
  ('x'):gsub('.', function() while true do end end)
end
