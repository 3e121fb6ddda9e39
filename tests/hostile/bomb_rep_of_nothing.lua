-- SPDX-License-Identifier: Apache-2.0
-- tries: string.rep of the empty string: no bomb, and its text is no record
-- expect: returned a string
function transform(r, meta)
  return (''):rep(math.maxinteger)
end
