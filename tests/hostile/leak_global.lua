-- SPDX-License-Identifier: Apache-2.0
-- tries: a global that would be seen by the next record
-- expect: read-only
function transform(r, meta)
  seen = r.id
end
