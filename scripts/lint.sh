#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/lint.sh [--quick] [path prefix for clang-tidy...]
# Format, module arrows, file sizes, scripts, then clang-tidy (left out by --quick). Changes nothing.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quick=no
if [[ "${1:-}" == "--quick" ]]; then
  quick=yes
  shift
fi
scripts/setup.sh build lint
status=0

say "lint: clang-format"
git ls-files -z '*.cc' '*.h' '*.c' | xargs -0 -r ls -d 2>/dev/null |
  xargs -r -d '\n' -n 20 -P "$jobs" clang-format-14 --dry-run -Werror || {
  say "lint: format with: git ls-files '*.cc' '*.h' '*.c' | xargs clang-format-14 -i"
  status=1
}

say "lint: module arrows and file sizes"
python3 scripts/check_includes.py || status=1

say "lint: scripts"
while IFS= read -r script; do
  bash -n "$script" || status=1
done < <(git ls-files '*.sh' .ci/run)
git ls-files -z '*.py' | xargs -0 -r python3 -c '
import ast, sys
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        ast.parse(file.read(), path)' || status=1

if [[ $quick == no ]]; then
  say "lint: clang-tidy"
  scripts/build.sh tidy --configure-only
  python3 scripts/tidy.py build/tidy "$jobs" "$@" || status=1
fi
[[ $status -eq 0 ]] && say "lint: clean" || say "lint: FAILED (above)"
exit $status
