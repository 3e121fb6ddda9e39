-- SPDX-License-Identifier: Apache-2.0
-- tries: the same past the metatable
-- expect: read-only
function transform(r, meta)
  rawset(string, 'upper', nil)
end
