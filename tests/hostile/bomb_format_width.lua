-- SPDX-License-Identifier: Apache-2.0
-- tries: a width of string.format that is too large
-- expect: invalid conversion
function transform(r, meta)
  return {('%9999999d'):format(1)}
end
