#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/fuzz.sh [SECONDS] [PRESET]     (default: 60, fuzz; each target, two at a time)
# Runs every libFuzzer target on its seeds; a finding is left in build/PRESET/findings and fails the run.
# SLUICE_FUZZ_SEED: the same walk again (0, the default: another each time); the gate takes a fixed one,
# so that it judges the change and not the dice.
# SLUICE_FUZZ_BUDGET: at most so many seconds over all targets; each gets less when there are many.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds="${1:-${SLUICE_FUZZ_SECONDS:-60}}"
export FUZZ_DIR="build/${2:-fuzz}"
preset="${2:-fuzz}"
scripts/setup.sh build lint
scripts/build.sh "$preset" --configure-only
mapfile -t targets < <(ninja -C "$FUZZ_DIR" -t targets all |
  sed -nE 's|^bin/([A-Za-z0-9_]*fuzz[A-Za-z0-9_]*): CXX_EXECUTABLE_LINKER.*|\1|p' | sort)
[[ ${#targets[@]} -gt 0 ]] || die "the preset '$preset' has no target named *fuzz*"
scripts/build.sh "$preset" "${targets[@]}"
if [[ -n "${SLUICE_FUZZ_BUDGET:-}" ]]; then
  share=$((SLUICE_FUZZ_BUDGET / ${#targets[@]}))
  if [[ $share -lt $seconds ]]; then seconds=$((share < 1 ? 1 : share)); fi
fi

mkdir -p "$FUZZ_DIR/findings"
run_one() {
  local name="$1" seconds="$2" work="$FUZZ_DIR/corpus/$1" log="$FUZZ_DIR/$1.log" seeds=()
  mkdir -p "$work"
  # The seeds are what the target's test `<name>.corpus` replays.
  mapfile -t seeds < <(ctest --test-dir "$FUZZ_DIR" --show-only=json-v1 -R "^$name\\.corpus\$" |
    python3 -c 'import json, sys
for test in json.load(sys.stdin)["tests"]:
    print(test["command"][-1])')
  if "$FUZZ_DIR/bin/$name" -max_total_time="$seconds" -seed="${SLUICE_FUZZ_SEED:-0}" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$FUZZ_DIR/findings/$name-" "$work" "${seeds[@]}" >"$log" 2>&1; then
    printf 'fuzz: %s: ok, %s\n' "$name" "$(grep -E '^Done' "$log" | tail -1)"
  else
    tail -60 "$log"
    printf 'fuzz: %s: FOUND SOMETHING; input in %s/findings, log in %s\n' "$name" "$FUZZ_DIR" "$log"
    return 1
  fi
}
export -f run_one
printf '%s\n' "${targets[@]}" | "${steady[@]}" xargs -P "$jobs" -I{} bash -c 'run_one "$@"' _ {} "$seconds" |
  tee -a "${SLUICE_SUMMARY:-/dev/null}"
