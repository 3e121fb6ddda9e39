-- SPDX-License-Identifier: Apache-2.0
-- tries: chance, which a redrive could not repeat
-- expect: field 'random'
function transform(r, meta)
  return {math.random()}
end
