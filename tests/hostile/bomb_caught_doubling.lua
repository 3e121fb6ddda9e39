-- SPDX-License-Identifier: Apache-2.0
-- tries: the same inside pcall, with the record returned
-- expect: memory cap
-- cap: memory
function transform(r, meta)
  pcall(function() local s = 'x' while true do s = s .. s end end)
  return r
end
