-- SPDX-License-Identifier: Apache-2.0
-- tries: a member name of megabytes in an error message
-- expect: cannot set
function transform(r, meta)
  r.o[('k'):rep(4000000)] = 0 / 0
end
