-- SPDX-License-Identifier: Apache-2.0
-- tries: one record larger than its output may be
-- expect: output_bytes
function transform(r, meta)
  return {s = ('x'):rep(2000000)}
end
