-- SPDX-License-Identifier: Apache-2.0
-- tries: a record emitted in init()
-- expect: sluice.emit
-- ends: refused
function init() sluice.emit({1}) end
function transform(r) return r end
