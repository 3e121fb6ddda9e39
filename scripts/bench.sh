#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/bench.sh [options of `sluice bench`, e.g. --json]
# Cost per stage on generated order records (SLUICE_BENCH_RECORDS of them), release build.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts/setup.sh build
scripts/build.sh release
records="${SLUICE_BENCH_RECORDS:-200000}"
data="build/bench/orders-$records.jsonl"
if [[ ! -s "$data" ]]; then
  mkdir -p build/bench
  python3 tests/bench/gen_orders.py "$data.part" "$records"
  mv "$data.part" "$data"
fi
build/release/bin/sluice bench --schema tests/bench/orders.schema.json \
  --transform tests/bench/orders.lua "$@" "$data"
