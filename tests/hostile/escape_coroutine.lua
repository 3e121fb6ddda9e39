-- SPDX-License-Identifier: Apache-2.0
-- tries: a coroutine, which would have no hook
-- expect: global 'coroutine'
function transform(r, meta)
  coroutine.wrap(function() while true do end end)()
end
