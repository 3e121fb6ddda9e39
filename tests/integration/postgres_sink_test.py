#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The postgres sink in the whole program: the conformance kit against a real server, file to schema to
Lua to table compared with what Python makes of the same file, every record once whatever is killed."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import postgres_server
from harness import SLUICE, Folder, equal, wait_for

ROOT = pathlib.Path(os.environ["SLUICE_SOURCE_DIR"])
PLUGIN = pathlib.Path(SLUICE).resolve().parent.parent / "lib/sluice/plugins/sink-postgres.so"
FIXTURE = ROOT / "plugins/sinks/postgres/fixture.json"
RECORDS = int(os.environ.get("SLUICE_KILL_RECORDS", 60_000))

UPSERT = """
runtime: { state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [./orders.jsonl] } } }
    schema: orders.schema.json
    transform: orders.lua
    sinks:
      out:
        use: postgres
        older: duplicate
        batch: { records: 500 }
        config:
          dsn: "%s"
          table: customers
          create: true
          key: [/payload/customer/id]
          revision: /revision
          columns:
            customer: { from: /payload/customer/id, type: bigint }
            revision: { from: /revision, type: integer }
            id: { from: /id, type: text }
            total: { from: /payload/total, type: numeric }
            at: { from: /ts, type: timestamptz }
            paid: { from: /payload/paid, type: boolean }
            email: { from: /payload/customer/email, type: text }
            record: ""
"""
GENERATOR = "{ use: generator, config: { count: %d, seed: 7 } }" % RECORDS
FILES = 8  # each a lane
APPEND = """
runtime: { state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    sources: { in: %s }
    sinks:
      out:
        use: postgres
        writers: %d
        batch: { records: 1000 }
        retry: { base: 20ms, cap: 200ms }
        breaker: { half_open_after: 100ms }
        config:
          dsn: "%s"
          table: %s
          columns: { id: /id, record: "" }
"""
KINDS = """
runtime: { state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [./kinds.jsonl] } } }
    sinks:
      out:
        use: postgres
        config:
          dsn: "%s"
          table: kinds
          evolve: additive
          columns:
            id: { from: /id, type: integer }
            raw: { from: /raw, type: bytea }
            tags: { from: /tags, type: "text[]" }
            sums: { from: /sums, type: "numeric[]" }
"""


def conformance(server):
    """Check by check, each in an empty schema: what one leaves behind is none of the next one's business."""
    fixture = FIXTURE.read_text().replace("${DSN}", server.dsn())
    listed = subprocess.run([SLUICE, "plugins", "conform", "--list"], check=True, text=True,
                            capture_output=True).stdout.split("\n")
    checks = [line.split()[0] for line in listed if line[:1] in list("SLWEMX") and line[1:2].isdigit()]
    assert len(checks) > 20, listed
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(fixture)
        file.flush()
        ran = []
        for check in checks:
            server.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            done = subprocess.run([SLUICE, "plugins", "conform", str(PLUGIN), "--fixture", file.name, "--only",
                                   check], capture_output=True, text=True)
            # A check that is skipped here (sanitizers) leaves a report without any that passed.
            assert done.returncode == 0 or "0 failed, 1 skipped" in done.stdout, done.stdout + done.stderr
            ran += [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  pass")]
    assert {"W1", "W2", "W3", "E1", "E2", "E3", "L6", "L7"} <= set(ran), ran
    server.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    print("%d checks passed" % len(ran))


def expected_customers(lines):
    """The highest revision of each customer, the first of equal ones, as the script would render it."""
    best = {}
    for line in lines:
        order = json.loads(line)
        customer = order["payload"]["customer"]
        kept = best.get(customer["id"])
        if kept is not None and kept[1] >= order["revision"]:
            continue
        total = 0.0
        for item in order["payload"]["items"]:
            total += item["qty"] * item["price"]
        best[customer["id"]] = (customer["id"], order["revision"], order["id"], total, order["occurred_at"],
                                order["payload"]["paid"], customer["email"].lower())
    return sorted(best.values())


def file_to_schema_to_lua_to_table(server):
    bench = ROOT / "tests/bench"
    with Folder(UPSERT % server.dsn()) as folder:
        subprocess.run([sys.executable, str(bench / "gen_orders.py"), str(folder.path / "orders.jsonl"), "20000"],
                       check=True)
        for name in ("orders.schema.json", "orders.lua"):
            (folder.path / name).write_bytes((bench / name).read_bytes())
        lines = (folder.path / "orders.jsonl").read_text().splitlines()
        with open(folder.path / "orders.jsonl", "a") as orders:
            orders.write('{"id":"evt_bad"}\nnot json\n')
        account = folder.run_once()
        equal(account["dead_lettered"], 2, "dead letters")
        equal(account["committed"] + account["duplicate"], len(lines), "settled at the sink")
        rows = [json.loads(row) for row in server.query(
            "SELECT json_build_array(customer, revision, id, total, to_char(at AT TIME ZONE 'UTC', "
            "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), paid, email) FROM customers ORDER BY customer")]
        equal([tuple(row) for row in rows], expected_customers(lines), "rows")
        equal(server.query("SELECT count(*) FROM customers WHERE record->>'id' <> id OR record ? 'occurred_at' "
                           "OR (record->'payload'->>'total')::numeric <> total"), ["0"], "records unlike their row")


def bytes_and_arrays_in_columns_that_are_added(server):
    server.query("CREATE TABLE kinds (id integer)")
    good = [{"id": 1, "raw": "AP/+", "tags": ["a,b", 'q"\\', None, "\u00e9\U0001f600", ""]},
            {"id": 2, "sums": "DIGITS", "tags": []}]
    bad = [{"id": 3, "raw": "AP/"}, {"id": 4, "tags": [["nested"]]}, {"id": 5, "sums": [1, "x"]}]
    digits = ["12345678901234567890.000100", "-7"]
    with Folder(KINDS % server.dsn()) as folder:
        lines = [json.dumps(record).replace('"DIGITS"', "[%s]" % ", ".join(digits)) for record in good + bad]
        (folder.path / "kinds.jsonl").write_text("\n".join(lines) + "\n")
        account = folder.run_once()
        equal((account["committed"], account["dead_lettered"]), (len(good), len(bad)), "committed, dead letters")
    rows = [json.loads(row) for row in server.query(
        "SELECT json_build_array(id, encode(raw, 'base64'), to_json(tags), sums::text[]) FROM kinds ORDER BY id")]
    equal(rows, [[1, "AP/+", good[0]["tags"], None], [2, None, [], digits]], "rows")


def every_record_once(server, table, disturb, source=GENERATOR, writers=1, prepare=lambda folder: None):
    """Appends without a key while `disturb` does its worst: the marks alone keep records apart."""
    server.query("CREATE SCHEMA %s" % table.split(".")[0])  # marks of its own
    server.query("CREATE TABLE %s (id text, record jsonb)" % table)
    # Each batch takes its time, so that what happens meanwhile happens in mid-write.
    server.query("CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
                 "'BEGIN PERFORM pg_sleep(0.03); RETURN NULL; END'")
    server.query("CREATE TRIGGER slow AFTER INSERT ON %s EXECUTE FUNCTION dawdle()" % table)
    with Folder(APPEND % (source, writers, server.dsn(), table)) as folder:
        prepare(folder.path)
        disturb(folder)
        account = folder.run_once()
        equal(account["dead_lettered"], 0, "dead letters")
        equal(server.query("SELECT count(*), count(DISTINCT id) FROM " + table),
              ["%d|%d" % (RECORDS, RECORDS)], "rows")
        equal(folder.run_once()["received"], 0, "records of one more run")


def rows_of(server, table):
    return int(server.query("SELECT count(*) FROM " + table)[0])


def killing(server, table):
    def disturb(folder):
        for kill in range(1, 5):
            process = folder.start("run", "--once")
            wait_for(lambda: rows_of(server, table) >= RECORDS * kill // 6 or process.poll() is not None)
            process.kill()
            process.communicate()
            assert process.returncode != 0, "it had come to its end before kill %d" % kill

    return disturb


def killed_in_mid_write(server):
    every_record_once(server, "killed.orders", killing(server, "killed.orders"))


def several_writers_killed_in_mid_write(server):
    """Each file is a lane, each writer moves the marks of its lanes."""

    def prepare(path):
        for file in range(FILES):
            ids = range(file, RECORDS, FILES)
            (path / ("%d.jsonl" % file)).write_text("".join('{"id":"%d"}\n' % i for i in ids))

    every_record_once(server, "several.orders", killing(server, "several.orders"),
                      source='{ use: file, config: { paths: ["./*.jsonl"] } }', writers=3, prepare=prepare)


def cut_off_in_mid_write(server):
    """The server ends the connections, and then itself, while the program writes."""

    def disturb(folder):
        process = folder.start("run", "--once")
        for cut in range(1, 5):
            wait_for(lambda: rows_of(server, "cut.orders") >= RECORDS * cut // 7 or process.poll() is not None)
            assert process.poll() is None, process.communicate()[1].decode(errors="replace")
            wait_for(lambda: server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                          "WHERE application_name = 'sluice'") == ["t"])
        wait_for(lambda: rows_of(server, "cut.orders") >= RECORDS * 5 // 7)
        assert process.poll() is None, "it had come to its end before the server did"
        server.stop()
        server.start()
        _, err = process.communicate(timeout=120)
        equal(process.returncode, 0, err.decode(errors="replace"))

    every_record_once(server, "cut.orders", disturb)


postgres_server.main([conformance, file_to_schema_to_lua_to_table, bytes_and_arrays_in_columns_that_are_added,
                      killed_in_mid_write, several_writers_killed_in_mid_write, cut_off_in_mid_write])
