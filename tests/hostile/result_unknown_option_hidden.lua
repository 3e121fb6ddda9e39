-- SPDX-License-Identifier: Apache-2.0
-- tries: an option of emit that hides behind a zero byte
-- expect: unknown option
function transform(r, meta)
  sluice.emit(r, {['key\0x'] = 'x'})
  error('taken')
end
