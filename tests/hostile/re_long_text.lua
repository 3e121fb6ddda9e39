-- SPDX-License-Identifier: Apache-2.0
-- tries: a slow pattern on a long text in a loop
-- expect: the script
function transform(r, meta)
  local text = ('x'):rep(100000)
  while true do
    local ok, e = pcall(sluice.re.find, text, '(x|y)*z')
  end
end
