-- SPDX-License-Identifier: Apache-2.0
-- tries: an error of megabytes in init()
-- expect: xxxxxxxx
-- ends: refused
function init() error(('x'):rep(4000000)) end
function transform(r) return r end
