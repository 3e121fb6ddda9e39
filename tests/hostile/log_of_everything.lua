-- SPDX-License-Identifier: Apache-2.0
-- tries: a log line of megabytes
-- expect: then the end
-- limit: log_lines 2
function transform(r, meta)
  local s = ('\0\xff\n'):rep(500000)
  for i = 1, 5 do sluice.log(s, s, r, r.o) end
  error('then the end')
end
