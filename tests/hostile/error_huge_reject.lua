-- SPDX-License-Identifier: Apache-2.0
-- tries: a verdict of megabytes
-- expect: xxxxxxxx
-- ends: verdict
function transform(r, meta)
  return sluice.reject(('c'):rep(4000000), ('x'):rep(4000000))
end
