-- SPDX-License-Identifier: Apache-2.0
-- tries: a part of an earlier record as a table of replacements
-- expect: earlier record
-- before: {"o":{"a":"1"}}
local kept
function transform(r)
  kept = kept or r.o
  return {(('a'):gsub('a', kept))}
end
