-- SPDX-License-Identifier: Apache-2.0
-- tries: texts that are no base64
-- expect: sluice.base64.decode
function transform(r, meta)
  for _, t in ipairs({'a', 'ab=c', '====', '\0\0\0\0', '\xff\xff\xff\xff'}) do
    assert(not pcall(sluice.base64.decode, t), t)
  end
  sluice.base64.decode('a')
end
