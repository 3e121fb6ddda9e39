-- SPDX-License-Identifier: Apache-2.0
-- tries: a text nested a hundred thousand deep
-- expect: sluice.json.decode
function transform(r, meta)
  sluice.json.decode(('['):rep(100000) .. (']'):rep(100000))
end
