-- SPDX-License-Identifier: Apache-2.0
-- tries: members of null
-- expect: of null
function transform(r, meta)
  return {sluice.null.x}
end
