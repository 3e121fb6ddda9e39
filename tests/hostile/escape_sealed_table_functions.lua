-- SPDX-License-Identifier: Apache-2.0
-- tries: a sealed table changed by table functions
-- expect: read-only
LIST = {1, 2, 3}
function transform(r)
  for _, f in ipairs({table.insert, table.remove, table.sort}) do
    pcall(f, LIST, 1)
  end
  table.move({9, 9}, 1, 2, 1, LIST)
end
