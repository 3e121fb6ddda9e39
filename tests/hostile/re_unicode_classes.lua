-- SPDX-License-Identifier: Apache-2.0
-- tries: letters of all scripts, many times over, on a long text of three bytes a letter
-- expect: the script
function transform(r, meta)
  local text = ('\u{4e2d}'):rep(3000)
  while true do
    pcall(sluice.re.match, text, '(\\pL*)(\\pN*)(\\pL*)(\\pN*)(\\pL*)z')
    pcall(sluice.re.test, text, '(\\pL?){20}\\pL{20}z')
  end
end
