-- SPDX-License-Identifier: Apache-2.0
-- tries: parts of the record ordered
-- expect: compare two userdata
function transform(r, meta)
  return {r.o < r.l}
end
