-- SPDX-License-Identifier: Apache-2.0
-- tries: a function in the record
-- expect: function cannot
function transform(r, meta)
  return {f = function() end}
end
