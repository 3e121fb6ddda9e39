-- SPDX-License-Identifier: Apache-2.0
-- tries: hundreds of values with a __name that is no name, in one call
-- expect: held
function transform(r, meta)
  local t = {}
  for i = 1, 900 do t[i] = setmetatable({}, {__name = {}}) end
  sluice.log(table.unpack(t))
  string.format(('%s'):rep(900), table.unpack(t))
  error('held')
end
