-- SPDX-License-Identifier: Apache-2.0
-- tries: a number that is none
-- expect: not a number (NaN)
function transform(r, meta)
  return {a = {0 / 0}}
end
