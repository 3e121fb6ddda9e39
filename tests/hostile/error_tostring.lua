-- SPDX-License-Identifier: Apache-2.0
-- tries: an error object with a __tostring that loops
-- expect: not text but a table
function transform(r, meta)
  error(setmetatable({}, {__tostring = function() while true do end end}))
end
