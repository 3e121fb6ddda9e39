-- SPDX-License-Identifier: Apache-2.0
-- tries: a table read while a record is processed
-- expect: lookup
function transform(r, meta)
  sluice.lookup('x.csv')
end
