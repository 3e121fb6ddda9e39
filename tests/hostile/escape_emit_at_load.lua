-- SPDX-License-Identifier: Apache-2.0
-- tries: a record emitted when there is none
-- expect: sluice.emit
-- ends: refused
sluice.emit({1})
function transform(r) return r end
