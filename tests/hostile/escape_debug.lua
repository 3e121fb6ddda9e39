-- SPDX-License-Identifier: Apache-2.0
-- tries: the debug library
-- expect: global 'debug'
function transform(r, meta)
  debug.getregistry()
end
