-- SPDX-License-Identifier: Apache-2.0
-- tries: a __name that is no name
-- expect: table
function transform(r, meta)
  return {setmetatable({}, {__name = {}}) + 1}
end
