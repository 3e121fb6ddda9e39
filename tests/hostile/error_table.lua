-- SPDX-License-Identifier: Apache-2.0
-- tries: an error object that is a table
-- expect: not text but a table
function transform(r, meta)
  error({code = 1})
end
