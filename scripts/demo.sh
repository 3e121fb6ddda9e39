#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds Sluice if need be and runs the demo: a real file through plugins, schema and script into
# SQLite, twice, then what changed and what broke.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh build
scripts/build.sh release programs
bin=build/release/bin/sluice
export DEMO_DIR="$PWD/demo-out"
config=deploy/demo/sluice.yaml

rm -rf "$DEMO_DIR"
mkdir -p "$DEMO_DIR/in"
cp tests/data/earthquakes.jsonl "$DEMO_DIR/in/1-week.jsonl"

title() { printf '\n== %s\n' "$1"; }
query() { sqlite3 -header -column "$DEMO_DIR/quakes.db" "$1"; }
run() { "$bin" run --once -c "$config" 2>"$DEMO_DIR/sluice.log" || { cat "$DEMO_DIR/sluice.log"; exit 1; }; }

title "One week of real events: file -> schema -> Lua -> SQLite"
run
title "The five strongest"
query "SELECT id, magnitude, class, at, place FROM quakes ORDER BY magnitude DESC, id LIMIT 5"

title "The same command again commits nothing new: the file is settled up to its end"
run

title "The feed goes on: 10 newer revisions, 5 late ones, 6 records that drifted or broke"
cp "$DEMO_DIR/quakes.db" "$DEMO_DIR/before.db"
python3 scripts/demo_changes.py tests/data/earthquakes.jsonl "$DEMO_DIR/in/2-changes.jsonl"
run

title "Newer revisions were written, older ones did not overwrite them"
query "ATTACH '$DEMO_DIR/before.db' AS before;
  SELECT count(*) AS rows,
         sum(now.revision > then_.revision) AS newer,
         sum(now.revision < then_.revision) AS older
  FROM quakes AS now JOIN before.quakes AS then_ USING (id)"

title "Dead letters by reason"
"$bin" dlq summary -c "$config"

title "One of them in full: what was found, what was expected, the original bytes"
id=$("$bin" dlq sample -c "$config" --reason SCHEMA_DRIFT --limit 1 --json |
  python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["id"])')
"$bin" dlq show -c "$config" "$id" | cut -c1-160

python3 scripts/demo_versions.py "$bin" tests/data/earthquakes.jsonl

printf '\nWhat it wrote lies in %s: quakes.db, the state folder and sluice.log.\n' "demo-out/"
