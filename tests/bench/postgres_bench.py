#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""File to PostgreSQL through schema and script, beside a small libpq program that hands over the same rows,
prepared beforehand, with the same SQL, batch size and fsync: alternating pairs against a real server that this
starts, medians, and the ratio of the two. Also beside one plain COPY of everything.

usage: postgres_bench.py SLUICE BASELINE [--records N] [--pairs N] [--batch N] [--writers N]
  upsert   every record updates a row that is there, under the revision guard
  insert   every record is a new row
Exit 1 if a ratio is below what is promised: 0.6 (upsert), 0.5 (insert).
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]
import postgres_server  # noqa: E402

PROMISED = {"upsert": 0.6, "insert": 0.5}
COLUMNS = "id, revision, tenant, total, email, record"
CONFIG = """runtime: {{ state: {{ dir: ./state }}, admin: {{ listen: off }} }}
pipelines:
  bench:
    sources: {{ in: {{ use: file, config: {{ paths: ["{data}"] }} }} }}
    schema: {here}/orders.schema.json
    transform: {here}/orders.lua
    sinks:
      out:
        use: postgres
        batch: {{ records: {batch}, bytes: 64MiB }}
        writers: {writers}
        config:
          dsn: "{dsn}"
          table: orders
          columns:
            id: {{ from: /id, type: text }}
            revision: {{ from: /revision, type: bigint }}
            tenant: {{ from: /tenant, type: text }}
            total: {{ from: /payload/total, type: numeric }}
            email: {{ from: /payload/customer/email, type: text }}
            record: ""
{mode}"""
MODE = {"upsert": "          key: [/id]\n          revision: /revision\n", "insert": "          mode: insert\n"}


def fresh_table(server, rows, mode):
    server.query("DROP TABLE IF EXISTS orders, sluice_marks")
    server.query("CREATE TABLE orders (id text PRIMARY KEY, revision bigint, tenant text, total numeric, email text, "
                 "record jsonb)")
    if mode == "upsert" and rows is not None:
        subprocess.run([postgres_server.BIN + "/psql", "-X", "-q", "-d", server.dsn(), "-c",
                        "\\copy orders (%s) FROM '%s'" % (COLUMNS, rows), "-c", "UPDATE orders SET revision = -1"],
                       check=True)
        server.query("VACUUM FULL orders")
    server.query("CHECKPOINT")


def sluice(server, options, data, mode):
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        config = pathlib.Path(folder) / "sluice.yaml"
        config.write_text(CONFIG.format(data=data, here=HERE, batch=options.batch, writers=options.writers,
                                        dsn=server.dsn(), mode=MODE[mode]))
        done = subprocess.run([options.program, "run", "--once", "--json", "-c", str(config)], capture_output=True,
                              text=True)
    if done.returncode != 0:
        sys.exit("failed:\n" + done.stderr)
    account = json.loads(done.stdout.splitlines()[-1])
    if account["pipelines"]["bench"]["committed"] != options.records:
        sys.exit("not everything was written: %s" % account)
    return account["seconds"]


def baseline(server, options, rows, mode):
    done = subprocess.run([options.baseline, server.dsn(), mode, str(options.batch), str(rows)], check=True,
                          capture_output=True, text=True)
    return float(done.stdout)


def expect_rows(server, options):
    if server.query("SELECT count(*) FROM orders WHERE revision >= 0") != [str(options.records)]:
        sys.exit("rows are missing")


def prepare(server, options, data, rows):
    """The rows as the sink writes them, in its order."""
    fresh_table(server, None, "insert")
    sluice(server, options, data, "insert")
    subprocess.run([postgres_server.BIN + "/psql", "-X", "-q", "-d", server.dsn(), "-c",
                    "\\copy (SELECT %s FROM orders ORDER BY ctid) TO '%s'" % (COLUMNS, rows)], check=True)


def compare(server, options, data, rows, mode):
    ours, theirs = [], []
    for pair in range(options.pairs):
        for side in ("baseline", "sluice") if pair % 2 == 0 else ("sluice", "baseline"):
            fresh_table(server, rows, mode)
            if side == "sluice":
                ours.append(sluice(server, options, data, mode))
            else:
                theirs.append(baseline(server, options, rows, mode))
            expect_rows(server, options)
    ratio = statistics.median(theirs) / statistics.median(ours)
    pairs = sorted(b / a for a, b in zip(ours, theirs))
    print("%s: sluice %s rows/s, baseline %s rows/s, ratio %.2f (pairs %.2f to %.2f)" % (
        mode, format(int(options.records / statistics.median(ours)), ","),
        format(int(options.records / statistics.median(theirs)), ","), ratio, pairs[0], pairs[-1]), flush=True)
    return ratio, statistics.median(ours)


def plain_copy(server, options, rows):
    times = []
    for _ in range(options.pairs):
        fresh_table(server, None, "insert")
        times.append(baseline(server, options, rows, "copy"))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("baseline")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=5000)
    parser.add_argument("--writers", type=int, default=1)
    options = parser.parse_args()
    options.program = os.path.abspath(shutil.which(options.program) or sys.exit("no program " + options.program))
    options.baseline = os.path.abspath(options.baseline)
    if postgres_server.BIN is None:
        sys.exit("there is no PostgreSQL here; install the package postgresql-15")
    server = postgres_server.Server(fsync="on")
    try:
        server.start()
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
            data, rows = pathlib.Path(folder) / "orders.jsonl", pathlib.Path(folder) / "rows"
            subprocess.run([sys.executable, str(HERE / "gen_orders.py"), str(data), str(options.records)], check=True)
            prepare(server, options, data, rows)
            found = {mode: compare(server, options, data, rows, mode) for mode in PROMISED}
            copied = plain_copy(server, options, rows)
            print("one plain COPY of everything: %s rows/s; insert is %.2f of it, upsert %.2f" % (
                format(int(options.records / copied), ","), copied / found["insert"][1], copied / found["upsert"][1]))
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
    sys.exit(any(found[mode][0] < PROMISED[mode] for mode in PROMISED))


if __name__ == "__main__":
    main()
