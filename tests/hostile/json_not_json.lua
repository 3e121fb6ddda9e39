-- SPDX-License-Identifier: Apache-2.0
-- tries: texts that are no JSON
-- expect: none was taken
function transform(r, meta)
  for _, t in ipairs({'', ' ', '{', '[1,]', 'nul', '\0', '\xff', '01', '1e', '"\\ud800"', '[1]x', '{"a"}', '+1', 'NaN'}) do
    assert(not pcall(sluice.json.decode, t), t)
  end
  error('none was taken')
end
