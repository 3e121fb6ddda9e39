-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in an error handler
-- expect: the script
-- cap: time
function transform(r, meta)
  xpcall(error, function() while true do end end, 'x')
  return r
end
