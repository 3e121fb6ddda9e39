-- SPDX-License-Identifier: Apache-2.0
-- tries: a member of null set
-- expect: of null
function transform(r, meta)
  sluice.null.x = 1
end
