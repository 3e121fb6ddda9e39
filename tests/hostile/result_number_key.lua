-- SPDX-License-Identifier: Apache-2.0
-- tries: a number as the name of a member
-- expect: as a key
function transform(r, meta)
  return {[0] = 1}
end
