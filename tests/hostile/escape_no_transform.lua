-- SPDX-License-Identifier: Apache-2.0
-- tries: transform taken away in init()
-- expect: expected a global function transform
-- ends: refused
function transform(r) return r end
function init() transform = nil end
