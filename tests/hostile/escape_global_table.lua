-- SPDX-License-Identifier: Apache-2.0
-- tries: the table of globals
-- expect: global '_G'
function transform(r, meta)
  _G.transform = nil
end
