-- SPDX-License-Identifier: Apache-2.0
-- tries: the record called
-- expect: call a userdata
function transform(r, meta)
  r()
end
