-- SPDX-License-Identifier: Apache-2.0
-- tries: a name that is not UTF-8
-- expect: not valid UTF-8
function transform(r, meta)
  r['\xff'] = 1
  return r
end
