#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/ctest.sh PRESET [ctest options]
# Runs the tests of build/PRESET; the last lines say how many ran, failed and were skipped, and which.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

preset="$1"
shift
report="$PWD/build/$preset/tests.xml"
rm -f "$report"
status=0
# halt_on_error is the default of both; a stack of both threads is what makes a race readable.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-second_deadlock_stack=1}"
ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error \
  --output-junit "$report" "$@" >"build/$preset/ctest.log" 2>&1 || status=$?
if [[ $status -ne 0 ]]; then
  grep -vE '^ *[0-9]+/[0-9]+ .*(Passed|Skipped)|^ +Start +[0-9]+:' "build/$preset/ctest.log" || true
fi
python3 - "$report" "$preset" <<'PY'
import sys
import xml.etree.ElementTree as tree

try:
    cases = list(tree.parse(sys.argv[1]).getroot().iter("testcase"))
except (OSError, tree.ParseError):
    sys.exit("error: ctest left no report; see build/%s/ctest.log" % sys.argv[2])
by_status = {}
for case in cases:
    by_status.setdefault(case.get("status"), []).append(case.get("name"))
for status, text in (("notrun", "skipped"), ("disabled", "disabled"), ("fail", "FAILED")):
    for name in by_status.get(status, []):
        print("  %s: %s" % (text, name))
print("tests (%s): %d run, %d passed, %d failed, %d skipped" % (
    sys.argv[2], len(cases), len(by_status.get("run", [])), len(by_status.get("fail", [])),
    len(by_status.get("notrun", [])) + len(by_status.get("disabled", []))))
PY
exit "$status"
