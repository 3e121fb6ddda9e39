-- SPDX-License-Identifier: Apache-2.0
-- tries: a name of megabytes in the pointer of an error
-- expect: not a number
function transform(r, meta)
  return {[('k'):rep(900000)] = {0 / 0}}
end
