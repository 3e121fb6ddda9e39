-- SPDX-License-Identifier: Apache-2.0
-- tries: a list with members
-- expect: both a list
function transform(r, meta)
  return {1, 2, x = 3}
end
