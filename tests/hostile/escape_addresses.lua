-- SPDX-License-Identifier: Apache-2.0
-- tries: the address of a table as chance
-- expect: no address
function transform(r, meta)
  local text = tostring({}) .. tostring(print) .. tostring(transform) .. string.format('%s', {})
  assert(not text:find('0x'), text)
  assert(not pcall(string.format, '%p', {}))
  error('no address')
end
