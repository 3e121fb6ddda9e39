-- SPDX-License-Identifier: Apache-2.0
-- tries: require of a standard library
-- expect: expected a name like
-- ends: refused
require('os')
function transform(r) return r end
