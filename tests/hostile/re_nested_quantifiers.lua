-- SPDX-License-Identifier: Apache-2.0
-- tries: a pattern that makes other engines backtrack for ever
-- expect: linear, and no match
function transform(r, meta)
  local text = ('a'):rep(10000) .. 'b'
  assert(not sluice.re.test(text, '^(a+)+$'))
  error('linear, and no match')
end
