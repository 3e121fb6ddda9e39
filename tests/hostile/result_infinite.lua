-- SPDX-License-Identifier: Apache-2.0
-- tries: a number that is infinite
-- expect: infinite
function transform(r, meta)
  return {a = -math.huge}
end
