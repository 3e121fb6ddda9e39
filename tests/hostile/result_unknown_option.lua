-- SPDX-License-Identifier: Apache-2.0
-- tries: an option of emit that does not exist
-- expect: unknown option
function transform(r, meta)
  sluice.emit(r, {kye = 'x'})
end
