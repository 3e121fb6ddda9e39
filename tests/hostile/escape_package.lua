-- SPDX-License-Identifier: Apache-2.0
-- tries: the loader of C libraries
-- expect: global 'package'
function transform(r, meta)
  package.loadlib('libc.so.6', 'system')
end
