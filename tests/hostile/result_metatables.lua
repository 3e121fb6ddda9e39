-- SPDX-License-Identifier: Apache-2.0
-- tries: __index that answers more than the table holds
-- expect: holes
function transform(r, meta)
  return setmetatable({1, nil, 3}, {__index = function() return 2 end, __len = function() return 3 end})
end
