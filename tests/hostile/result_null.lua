-- SPDX-License-Identifier: Apache-2.0
-- tries: null as the result
-- expect: returned sluice.null
function transform(r, meta)
  return sluice.null
end
