-- SPDX-License-Identifier: Apache-2.0
-- tries: a text of very many values
-- expect: the script
function transform(r, meta)
  while true do sluice.json.decode('[' .. ('0,'):rep(100000) .. '0]') end
end
