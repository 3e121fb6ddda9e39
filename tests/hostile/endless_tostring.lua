-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in __tostring, asked for by sluice.log
-- expect: the script
-- cap: time
function transform(r, meta)
  sluice.log(setmetatable({}, {__tostring = function() while true do end end}))
end
