-- SPDX-License-Identifier: Apache-2.0
-- tries: a scalar emitted
-- expect: expected a record
function transform(r, meta)
  sluice.emit('x')
end
