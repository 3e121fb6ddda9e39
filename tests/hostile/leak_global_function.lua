-- SPDX-License-Identifier: Apache-2.0
-- tries: a global function defined while a record is processed
-- expect: read-only
function transform(r, meta)
  function helper() end
end
