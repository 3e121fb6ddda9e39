-- SPDX-License-Identifier: Apache-2.0
-- tries: rawget on the view
-- expect: table expected
function transform(r, meta)
  rawget(r, 'a')
end
