-- SPDX-License-Identifier: Apache-2.0
-- tries: next() of a key that is not there
-- expect: invalid key
function transform(r, meta)
  return {next({}, 'x')}
end
