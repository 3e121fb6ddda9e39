-- SPDX-License-Identifier: Apache-2.0
-- tries: a pattern of a megabyte
-- expect: pattern of
function transform(r, meta)
  sluice.re.test('a', ('a'):rep(1000000))
end
