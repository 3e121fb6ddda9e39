-- SPDX-License-Identifier: Apache-2.0
-- tries: an error in an error handler
-- expect: held
function transform(r, meta)
  local ok, e = xpcall(error, function(e) error(e) end, 'x')
  assert(not ok)
  error('held: ' .. type(e))
end
