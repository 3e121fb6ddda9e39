-- SPDX-License-Identifier: Apache-2.0
-- tries: rawset on the view
-- expect: table expected
function transform(r, meta)
  rawset(r, 'a', 1)
end
