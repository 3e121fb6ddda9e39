-- SPDX-License-Identifier: Apache-2.0
-- tries: a library as a record
-- expect: function cannot
function transform(r, meta)
  return string
end
