-- SPDX-License-Identifier: Apache-2.0
-- tries: pcall around everything, and the record returned as if nothing was
-- expect: the script
-- cap: time
function transform(r, meta)
  pcall(function() while true do end end)
  return r
end
