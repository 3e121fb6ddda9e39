-- SPDX-License-Identifier: Apache-2.0
-- tries: a function of sluice replaced
-- expect: read-only
function transform(r, meta)
  sluice.emit = nil
end
