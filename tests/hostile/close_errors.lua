-- SPDX-License-Identifier: Apache-2.0
-- tries: errors in __close while errors unwind
-- expect: last
function transform(r, meta)
  local m = {__close = function(_, e) error('close: ' .. tostring(e)) end}
  for i = 1, 100 do
    pcall(function()
      local a <close> = setmetatable({}, m)
      local b <close> = setmetatable({}, m)
      error('first')
    end)
  end
  local c <close> = setmetatable({}, {__close = function() error('last') end})
  return r
end
