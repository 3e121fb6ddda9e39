-- SPDX-License-Identifier: Apache-2.0
-- tries: a number as the result
-- expect: returned a number
function transform(r, meta)
  return 5
end
