-- SPDX-License-Identifier: Apache-2.0
-- tries: records emitted before an error: none goes out
-- expect: after all
function transform(r, meta)
  for i = 1, 100 do sluice.emit({n = i}) end
  error('after all')
end
