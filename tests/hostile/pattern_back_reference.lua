-- SPDX-License-Identifier: Apache-2.0
-- tries: a long capture compared at every place
-- expect: the script
-- cap: time
function transform(r, meta)
  return {('a'):rep(20000):match('(.-)%1b')}
end
