-- SPDX-License-Identifier: Apache-2.0
-- tries: a command
-- expect: global 'os'
function transform(r, meta)
  os.execute('true')
end
