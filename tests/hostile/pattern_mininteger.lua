-- SPDX-License-Identifier: Apache-2.0
-- tries: the smallest integer as a place to start from
-- expect: ended unharmed
function transform(r, meta)
  for _, n in ipairs({math.mininteger, math.maxinteger, -1 << 62, 0}) do
    local s = 'x'
    s:find('x', n)
    s:match('x', n)
    s:gmatch('x', n)()
    s:find('x', n, true)
    s:byte(n)
    s:sub(n, n)
    s:gsub('x', 'y', n)
    pcall(utf8.offset, 'x', n) pcall(utf8.codepoint, 'x', n) pcall(select, n, 1)
  end
  error('ended unharmed')
end
