-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop by goto
-- expect: the script
-- cap: time
function transform(r, meta)
  ::again::
  goto again
end
