-- SPDX-License-Identifier: Apache-2.0
-- tries: an error handler that fails, again and again
-- expect: the script
-- cap: time
function transform(r, meta)
  while true do xpcall(error, function(e) error(e) end, 'x') end
end
