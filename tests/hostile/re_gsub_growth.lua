-- SPDX-License-Identifier: Apache-2.0
-- tries: a replacement that makes each byte a long text
-- expect: the script
function transform(r, meta)
  local s = ('x'):rep(10000)
  return {(sluice.re.gsub(s, 'x', s))}
end
