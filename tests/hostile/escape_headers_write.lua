-- SPDX-License-Identifier: Apache-2.0
-- tries: a header set
-- expect: read-only
function transform(r, meta)
  meta.headers.x = 'y'
end
