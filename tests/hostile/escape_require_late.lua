-- SPDX-License-Identifier: Apache-2.0
-- tries: require while a record is processed
-- expect: require libraries at the top
function transform(r, meta)
  require('lib.money')
end
