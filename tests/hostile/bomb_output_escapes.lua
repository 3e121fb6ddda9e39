-- SPDX-License-Identifier: Apache-2.0
-- tries: a text that is six times as long when written
-- expect: output_bytes
function transform(r, meta)
  return {s = ('\1'):rep(300000)}
end
