-- SPDX-License-Identifier: Apache-2.0
-- tries: a text with a surrogate
-- expect: not valid UTF-8
function transform(r, meta)
  return {a = '\u{D800}'}
end
