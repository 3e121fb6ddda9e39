-- SPDX-License-Identifier: Apache-2.0
-- tries: meta as the result
-- expect: returned meta
function transform(r, meta)
  return meta
end
