-- SPDX-License-Identifier: Apache-2.0
-- tries: _ENV as a constant, which old compilers took wrongly
-- expect: index
function transform(r, meta)
  local function f()
    local _ENV <const> = 1
    x = 1
  end
  f()
end
