#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/ctest.sh PRESET [ctest options]
# Runs the tests of build/PRESET; the last lines say how many ran, failed and were skipped, and which.
# With SLUICE_NO_SKIPS=1 a skipped test fails the run.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

preset="$1"
shift
report="$PWD/build/$preset/tests.xml"
rm -f "$report"
status=0
# halt_on_error is the default of both; a stack of both threads is what makes a race readable.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-second_deadlock_stack=1:suppressions=$PWD/tests/tsan.supp}"
run=()
grep -qsE '^SLUICE_SANITIZE:[A-Z]+=.' "build/$preset/CMakeCache.txt" && run=("${steady[@]}")
"${run[@]}" ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error \
  --test-output-size-passed 1000000 --output-junit "$report" "$@" >"build/$preset/ctest.log" 2>&1 ||
  status=$?
if [[ $status -ne 0 ]]; then
  grep -vE '^ *[0-9]+/[0-9]+ .*(Passed|Skipped)|^ +Start +[0-9]+:' "build/$preset/ctest.log" || true
fi
# What the gate repeats in its last lines.
summary="${SLUICE_SUMMARY:-/dev/null}"
python3 scripts/count_tests.py "$report" "$preset" | tee -a "$summary" || status=$?
{ grep -E '^[0-9]+% tests passed' "build/$preset/ctest.log" || true; } | tee -a "$summary"
exit "$status"
