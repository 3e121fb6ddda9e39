-- SPDX-License-Identifier: Apache-2.0
-- tries: an error object that is the record
-- expect: not text but a userdata
function transform(r, meta)
  error(r)
end
