#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/soak.sh [ctest options]
# The long versions of the tests that CI runs small, one at a time; the log stays in build/soak.log.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts/setup.sh build
scripts/build.sh release
SLUICE_SOAK=1 ctest --test-dir build/release -L soak -j 1 --verbose --no-tests=error \
  --timeout 14400 "$@" 2>&1 | tee build/soak.log
