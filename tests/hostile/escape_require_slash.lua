-- SPDX-License-Identifier: Apache-2.0
-- tries: require of a path with separators
-- expect: expected a name like
-- ends: refused
require('lib./../../escape')
function transform(r) return r end
