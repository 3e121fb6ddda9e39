-- SPDX-License-Identifier: Apache-2.0
-- tries: a numeric loop over all integers
-- expect: the script
-- cap: time
function transform(r, meta)
  for i = math.mininteger, math.maxinteger do end
end
