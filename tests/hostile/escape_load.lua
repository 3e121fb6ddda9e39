-- SPDX-License-Identifier: Apache-2.0
-- tries: code from text
-- expect: global 'load'
function transform(r, meta)
  load('return 1')()
end
