-- SPDX-License-Identifier: Apache-2.0
-- tries: %b from every place of a text that never balances
-- expect: the script
-- cap: time
function transform(r, meta)
  return {('('):rep(100000):match('%b()')}
end
