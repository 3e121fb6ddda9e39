-- SPDX-License-Identifier: Apache-2.0
-- tries: a loop in the function of sluice.re.gsub
-- expect: the script
-- cap: time
function transform(r, meta)
  sluice.re.gsub('abc', '.', function() while true do end end)
end
