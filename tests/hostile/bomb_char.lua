-- SPDX-License-Identifier: Apache-2.0
-- tries: utf8.char and string.char of more values than a stack holds
-- expect: unpack
function transform(r, meta)
  return {utf8.char(table.unpack({}, 1, 1 << 30))}
end
