-- SPDX-License-Identifier: Apache-2.0
-- tries: a table in the record that contains the record
-- expect: contains itself
function transform(r, meta)
  r.t = {{r}}
  return r
end
