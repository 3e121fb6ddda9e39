-- SPDX-License-Identifier: Apache-2.0
-- tries: patterns that end in the middle
-- expect: malformed pattern
function transform(r, meta)
  for _, p in ipairs({'[a', '[^', '%', '%f', '%b', '%bx', '[%', '[]', '[a-', '(()', '%1'}) do
    assert(not pcall(string.find, 'aaa', p), p)
  end
  return {('aaa'):find('[a')}
end
