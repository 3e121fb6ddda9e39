-- SPDX-License-Identifier: Apache-2.0
-- tries: a character beyond Unicode
-- expect: not valid UTF-8
function transform(r, meta)
  return {a = '\u{7FFFFFFF}'}
end
