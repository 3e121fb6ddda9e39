-- SPDX-License-Identifier: Apache-2.0
-- tries: a very long name in many objects
-- expect: output_bytes
function transform(r, meta)
  local k = ('k'):rep(100000)
  local t = {}
  for i = 1, 100 do t[i] = {[k] = 1} end
  return t
end
