-- SPDX-License-Identifier: Apache-2.0
-- tries: meta as part of the record
-- expect: meta
function transform(r, meta)
  r.m = meta
  return r
end
