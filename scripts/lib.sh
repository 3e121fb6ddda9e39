# SPDX-License-Identifier: Apache-2.0
# Sourced by the other scripts: works from the project root, talks on stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs="${SLUICE_JOBS:-$(nproc 2>/dev/null || echo 2)}"

say() { printf '%s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

# Clang 16's sanitizers cannot place their shadow where a kernel scatters mappings over more bits.
steady=()
if [[ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ]] &&
  setarch -R true 2>/dev/null; then
  steady=(setarch -R)
fi

# Two clones of the same commit share what ccache has: paths count from the clone's root.
# Precompiled headers are cached by content; mtimes differ between clones.
export CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-pch_defines,time_macros,include_file_mtime,include_file_ctime}"
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$PWD}" CCACHE_NOHASHDIR="${CCACHE_NOHASHDIR:-1}"
