-- SPDX-License-Identifier: Apache-2.0
-- tries: a fraction as the name of a member
-- expect: must be a string
function transform(r, meta)
  return {[1.5] = 1}
end
