-- SPDX-License-Identifier: Apache-2.0
-- tries: methods of strings replaced
-- expect: read-only
function transform(r, meta)
  string.upper = function() return 'stolen' end
end
