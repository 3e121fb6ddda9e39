-- SPDX-License-Identifier: Apache-2.0
-- tries: an error in init()
-- expect: error_in_init.lua:5: no luck
-- ends: refused
function init() error('no luck') end
function transform(r) return r end
