-- SPDX-License-Identifier: Apache-2.0
-- tries: code as bytes
-- expect: field 'dump'
function transform(r, meta)
  string.dump(function() end)
end
