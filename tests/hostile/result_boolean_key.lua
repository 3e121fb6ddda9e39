-- SPDX-License-Identifier: Apache-2.0
-- tries: a boolean as the name of a member
-- expect: must be a string
function transform(r, meta)
  return {[true] = 1}
end
