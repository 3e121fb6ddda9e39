-- SPDX-License-Identifier: Apache-2.0
-- tries: require of an absolute path
-- expect: expected a name like
-- ends: refused
require('/etc/passwd')
function transform(r) return r end
