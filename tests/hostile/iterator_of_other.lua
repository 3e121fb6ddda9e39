-- SPDX-License-Identifier: Apache-2.0
-- tries: iterators of one container called with another
-- expect: held
function transform(r, meta)
  local f = pairs(r)
  for _, x in ipairs({r.l, r.o, r.e, meta, meta.headers, sluice.null, {}, 'x', 1}) do
    for _, k in ipairs({'id', 1, 'a', math.maxinteger, 1.5, true}) do pcall(f, x, k) pcall(next, x, k) end
    pcall(f, x) pcall(f)
  end
  error('held')
end
