-- SPDX-License-Identifier: Apache-2.0
-- tries: an error message of megabytes
-- expect: xxxxxxxx
function transform(r, meta)
  error(('x'):rep(4000000))
end
