-- SPDX-License-Identifier: Apache-2.0
-- tries: a part of an earlier record emitted
-- expect: earlier record
-- before: {"o":{"a":1}}
local kept
function transform(r)
  kept = kept or r.o
  sluice.emit(kept)
end
