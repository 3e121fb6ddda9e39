-- SPDX-License-Identifier: Apache-2.0
-- tries: a pattern of a hundred groups
-- expect: groups
function transform(r, meta)
  sluice.re.match('a', ('(a)?'):rep(100))
end
