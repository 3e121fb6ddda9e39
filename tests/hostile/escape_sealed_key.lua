-- SPDX-License-Identifier: Apache-2.0
-- tries: a table that is a key of a global, changed
-- expect: read-only
SET = {[{1}] = true}
function transform(r)
  next(SET)[1] = 2
  error('the key was changed')
end
