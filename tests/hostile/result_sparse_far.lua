-- SPDX-License-Identifier: Apache-2.0
-- tries: a list with one element far out
-- expect: as a key
function transform(r, meta)
  return {[1 << 40] = 1}
end
