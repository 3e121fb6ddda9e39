-- SPDX-License-Identifier: Apache-2.0
-- tries: a verdict as a part of the record
-- expect: verdict
function transform(r, meta)
  return {sluice.reject('x')}
end
