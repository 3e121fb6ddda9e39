-- SPDX-License-Identifier: Apache-2.0
-- tries: a metatable for the view
-- expect: table expected
function transform(r, meta)
  setmetatable(r, {__index = function() return 1 end})
end
