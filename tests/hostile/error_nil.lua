-- SPDX-License-Identifier: Apache-2.0
-- tries: an error object that is nil
-- expect: not text but a nil
function transform(r, meta)
  error()
end
