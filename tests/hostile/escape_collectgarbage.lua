-- SPDX-License-Identifier: Apache-2.0
-- tries: the collector stopped
-- expect: global 'collectgarbage'
function transform(r, meta)
  collectgarbage('stop')
end
