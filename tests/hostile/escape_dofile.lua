-- SPDX-License-Identifier: Apache-2.0
-- tries: code from a file
-- expect: global 'dofile'
function transform(r, meta)
  dofile('/etc/passwd')
end
