-- SPDX-License-Identifier: Apache-2.0
-- tries: a boolean as the result
-- expect: returned a boolean
function transform(r, meta)
  return true
end
