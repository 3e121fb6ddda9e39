-- SPDX-License-Identifier: Apache-2.0
-- tries: gsub at every place of a long text, with backtracking
-- expect: the script
-- cap: time
function transform(r, meta)
  return {(('a'):rep(5000):gsub('.-.-.-b', ''))}
end
