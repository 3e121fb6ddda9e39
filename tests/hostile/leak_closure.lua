-- SPDX-License-Identifier: Apache-2.0
-- tries: a part of an earlier record kept in a closure
-- expect: earlier record
-- before: {"o":{"a":1}}
local get
function transform(r)
  local o = r.o
  get = get or function() return o.a end
  return {get()}
end
