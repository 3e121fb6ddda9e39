-- SPDX-License-Identifier: Apache-2.0
-- tries: a file
-- expect: global 'io'
function transform(r, meta)
  io.open('/etc/passwd')
end
