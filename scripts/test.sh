#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/test.sh [ctest options, e.g. -R Schema]
# Everything from a bare machine to test results: setup, release build, all tests.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts/setup.sh build
scripts/build.sh release
scripts/ctest.sh release -LE soak "$@"
