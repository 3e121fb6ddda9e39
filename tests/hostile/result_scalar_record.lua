-- SPDX-License-Identifier: Apache-2.0
-- tries: a record that is a scalar, with members asked for
-- expect: index a number
-- record: 5
function transform(r, meta)
  return {r.x}
end
