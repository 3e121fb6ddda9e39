#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/build.sh PRESET [target...]
# Configures build/PRESET when needed and builds (everything by default). SLUICE_JOBS sets the jobs.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# -ge 1 ]] || die "usage: scripts/build.sh PRESET [target...]; presets: cmake --list-presets"
preset="$1"
shift
folder="build/$preset"

# A cache from before the folder was moved or copied names the old place and cannot be used.
if [[ -f "$folder/CMakeCache.txt" ]] &&
  ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$folder/CMakeCache.txt"; then
  say "build: $folder was configured for another folder; starting anew"
  rm -rf "$folder"
fi
if [[ ! -f "$folder/build.ninja" || CMakePresets.json -nt "$folder/CMakeCache.txt" ]]; then
  mkdir -p "$folder"
  if ! cmake --preset "$preset" >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    rm -f "$folder/build.ninja"
    die "cmake --preset $preset failed (above); 'make setup' installs what is missing"
  fi
  touch "$folder/CMakeCache.txt"
fi
if [[ "${1:-}" == "--configure-only" ]]; then
  # Nobody builds here, so it is asked for: the compile commands follow the CMakeLists.
  ninja -C "$folder" build.ninja >"$folder/configure.log" 2>&1 || {
    cat "$folder/configure.log" >&2
    die "cmake --preset $preset failed (above)"
  }
  exit 0
fi
NINJA_STATUS="${NINJA_STATUS:-[$preset %f/%t] }" ninja -C "$folder" -j "$jobs" "$@" >&2
