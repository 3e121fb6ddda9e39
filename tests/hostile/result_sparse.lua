-- SPDX-License-Identifier: Apache-2.0
-- tries: a list with holes
-- expect: holes
function transform(r, meta)
  return {1, nil, nil, 4}
end
