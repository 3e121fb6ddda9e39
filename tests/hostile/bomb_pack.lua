-- SPDX-License-Identifier: Apache-2.0
-- tries: string.pack with a padding that is too large
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  return {string.pack('c1000000000', 'x')}
end
