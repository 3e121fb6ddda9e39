-- SPDX-License-Identifier: Apache-2.0
-- tries: an error message that is no text
-- expect: error_binary.lua
function transform(r, meta)
  error('\0\xff\xfe\1\27[2J\n')
end
