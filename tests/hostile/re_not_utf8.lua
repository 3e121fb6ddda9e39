-- SPDX-License-Identifier: Apache-2.0
-- tries: a text and a pattern that are not UTF-8
-- expect: unharmed
function transform(r, meta)
  for _, p in ipairs({'\xff', '.', '[^a]', '\\pL', 'a*'}) do
    pcall(sluice.re.gsub, '\xff\xfe\0\x80', p, 'x')
    pcall(sluice.re.split, '\xff\xfe\0\x80', p)
  end
  error('unharmed')
end
