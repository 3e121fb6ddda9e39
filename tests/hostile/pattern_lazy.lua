-- SPDX-License-Identifier: Apache-2.0
-- tries: nested lazy repetitions
-- expect: the script
-- cap: time
function transform(r, meta)
  return {('a'):rep(5000):match('.-.-.-.-.-.-b')}
end
