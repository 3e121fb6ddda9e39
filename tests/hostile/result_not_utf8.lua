-- SPDX-License-Identifier: Apache-2.0
-- tries: a text that is not UTF-8
-- expect: not valid UTF-8
function transform(r, meta)
  return {a = '\xc0\x80'}
end
