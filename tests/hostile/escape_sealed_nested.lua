-- SPDX-License-Identifier: Apache-2.0
-- tries: a function of sluice.time replaced
-- expect: read-only
function transform(r, meta)
  sluice.time.iso = nil
end
