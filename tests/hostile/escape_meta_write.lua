-- SPDX-License-Identifier: Apache-2.0
-- tries: a member of meta set
-- expect: read-only
function transform(r, meta)
  meta.tenant = 'other'
end
