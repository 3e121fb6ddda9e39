-- SPDX-License-Identifier: Apache-2.0
-- tries: an option of emit that is no text
-- expect: must be a string
function transform(r, meta)
  sluice.emit(r, {sink = {}})
end
