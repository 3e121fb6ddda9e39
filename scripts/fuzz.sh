#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/fuzz.sh [SECONDS]     (default 60; each target, two at a time)
# Runs every libFuzzer target on its seeds; a finding is left in build/fuzz/findings and fails the run.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds="${1:-60}"
scripts/setup.sh build lint
scripts/build.sh fuzz --configure-only
mapfile -t targets < <(ninja -C build/fuzz -t targets all |
  sed -nE 's|^bin/([A-Za-z0-9_]*fuzz[A-Za-z0-9_]*): CXX_EXECUTABLE_LINKER.*|\1|p' | sort)
[[ ${#targets[@]} -gt 0 ]] || die "the preset 'fuzz' has no target named *fuzz*"
scripts/build.sh fuzz "${targets[@]}"

mkdir -p build/fuzz/findings
run_one() {
  local name="$1" seconds="$2" work="build/fuzz/corpus/$1" log="build/fuzz/$1.log" seeds=()
  mkdir -p "$work"
  # The seeds are what the target's test `<name>.corpus` replays.
  mapfile -t seeds < <(ctest --test-dir build/fuzz --show-only=json-v1 -R "^$name\\.corpus\$" |
    python3 -c 'import json, sys
for test in json.load(sys.stdin)["tests"]:
    print(test["command"][-1])')
  if "build/fuzz/bin/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/findings/$name-" "$work" "${seeds[@]}" >"$log" 2>&1; then
    printf 'fuzz: %s: ok, %s\n' "$name" "$(grep -E '^Done' "$log" | tail -1)"
  else
    tail -60 "$log"
    printf 'fuzz: %s: FOUND SOMETHING; input in build/fuzz/findings, log in %s\n' "$name" "$log"
    return 1
  fi
}
export -f run_one
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'run_one "$@"' _ {} "$seconds"
