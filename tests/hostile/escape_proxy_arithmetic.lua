-- SPDX-License-Identifier: Apache-2.0
-- tries: a number made of a part of the record
-- expect: perform arithmetic
function transform(r, meta)
  return {r.o + 1}
end
