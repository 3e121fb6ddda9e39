-- SPDX-License-Identifier: Apache-2.0
-- tries: records emitted before a verdict: none goes out
-- expect: no
-- ends: verdict
function transform(r, meta)
  sluice.emit(r)
  return sluice.reject('no')
end
