-- SPDX-License-Identifier: Apache-2.0
-- tries: a number of the record past the largest double, assigned elsewhere
-- expect: infinite
-- record: {"n":1e999}
function transform(r, meta)
  r.x = r.n
  return r
end
