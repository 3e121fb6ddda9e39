-- SPDX-License-Identifier: Apache-2.0
-- tries: require of a name with a zero byte
-- expect: expected a name like
-- ends: refused
require('lib.x\0/../y')
function transform(r) return r end
