-- SPDX-License-Identifier: Apache-2.0
-- tries: a part of the record in a text
-- expect: concatenate
function transform(r, meta)
  return {'x' .. r.o}
end
