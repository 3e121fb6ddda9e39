-- SPDX-License-Identifier: Apache-2.0
-- tries: a pattern that expands to millions of instructions
-- expect: is not valid
function transform(r, meta)
  sluice.re.test('a', '((a{100}){100}){100}')
end
