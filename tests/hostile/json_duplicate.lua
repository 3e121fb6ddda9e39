-- SPDX-License-Identifier: Apache-2.0
-- tries: a text with a name twice
-- expect: sluice.json.decode
function transform(r, meta)
  sluice.json.decode('{"a":1,"\\u0061":2}')
end
