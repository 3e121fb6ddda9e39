#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""File (or Kafka) to PostgreSQL through schema and script, beside a small libpq program that hands over the same
rows, prepared beforehand, with the same SQL, batch size and fsync: alternating pairs against a real server that
this starts, medians, and the ratio of the two. Also beside one plain COPY of everything.

usage: postgres_bench.py SLUICE BASELINE [--kafka] [--records N] [--pairs N] [--batch N] [--writers N]
  upsert   every record updates a row that is there, under the revision guard
  insert   every record is a new row
With --kafka the records lie in a topic of four partitions, and what is in the table after the first run is
compared with what a query makes of the topic.
Exit 1 if a ratio is below what is promised: 0.6 (upsert), 0.5 (insert); with --kafka 0.5 and 0.4.
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
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE.parent / "services")]
import postgres_server  # noqa: E402

PROMISED = {False: {"upsert": 0.6, "insert": 0.5}, True: {"upsert": 0.5, "insert": 0.4}}
PARTITIONS = 4
COLUMNS = "id, revision, tenant, total, email, record"
CONFIG = """runtime: {{ state: {{ dir: ./state }}, admin: {{ listen: off }} }}
pipelines:
  bench:
    sources: {{ in: {source} }}
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
# What the schema, the script and the columns make of a record, in SQL alone. The totals are sums of the same
# products in the same order, so they are equal to the last bit.
EXPECTED = """SELECT DISTINCT ON (doc->>'id') doc->>'id' AS id, (doc->>'revision')::bigint AS revision,
    doc->>'tenant' AS tenant, total.of_items AS total, lower(doc #>> '{payload,customer,email}') AS email,
    (doc - 'type' - 'occurred_at') || jsonb_build_object('event_type', doc->'type', 'ts', doc->'occurred_at',
        'payload', ((doc->'payload') - 'notes' - 'total') || jsonb_build_object('customer', doc #> '{payload,customer}'
            || jsonb_build_object('email', lower(doc #>> '{payload,customer,email}')))) AS record
  FROM topic, LATERAL (SELECT sum((item->>'qty')::float8 * (item->>'price')::float8 ORDER BY place) AS of_items
    FROM jsonb_array_elements(doc #> '{payload,items}') WITH ORDINALITY AS items (item, place)) AS total
  ORDER BY doc->>'id', (doc->>'revision')::bigint DESC"""
FOUND = """SELECT id, revision, tenant, total::float8, email, record #- '{payload,total}' FROM orders
  WHERE total::float8 = (record #>> '{payload,total}')::float8"""
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


def file_source(data):
    return json.dumps({"use": "file", "config": {"paths": [str(data)]}})


def kafka_source(broker):
    broker.groups += 1
    return json.dumps({"use": "kafka", "config": {"brokers": broker.address, "topics": ["orders"],
                                                  "group_id": "bench-%d" % broker.groups, "until": "end"}})


def sluice(server, options, source, mode):
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        config = pathlib.Path(folder) / "sluice.yaml"
        config.write_text(CONFIG.format(source=source, here=HERE, batch=options.batch, writers=options.writers,
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
    sluice(server, options, file_source(data), "insert")
    subprocess.run([postgres_server.BIN + "/psql", "-X", "-q", "-d", server.dsn(), "-c",
                    "\\copy (SELECT %s FROM orders ORDER BY ctid) TO '%s'" % (COLUMNS, rows)], check=True)


def start_broker(options, data):
    import kafka_server
    broker = kafka_server.Broker()
    broker.groups = 0
    broker.start()
    broker.create("orders", PARTITIONS)
    with open(data, "rb") as lines:
        broker.produce("orders", (line.rstrip(b"\n") for line in lines), PARTITIONS)
    return broker


def check_values(server, options, broker, folder):
    """Every row, and each of its values, against a query over what the topic holds."""
    import confluent_kafka
    reader = broker.consumer("values")
    reader.assign([confluent_kafka.TopicPartition("orders", p, 0) for p in range(PARTITIONS)])
    dump, left = folder / "topic", options.records
    with open(dump, "wb") as out:
        while left > 0:
            found = reader.consume(10_000, timeout=60)
            if not found:
                sys.exit("the topic does not give what was put into it")
            for message in found:
                out.write(message.value().replace(b"\\", b"\\\\") + b"\n")
            left -= len(found)
    reader.close()
    server.query("CREATE TABLE topic (doc jsonb)")
    subprocess.run([postgres_server.BIN + "/psql", "-X", "-q", "-d", server.dsn(), "-c",
                    "\\copy topic FROM '%s'" % dump], check=True)
    counts = [server.query("SELECT count(*) FROM (%s) AS q" % query)[0] for query in (
        EXPECTED, FOUND, "(%s) INTERSECT (%s)" % (EXPECTED, FOUND))]
    server.query("DROP TABLE topic")
    if len(set(counts)) != 1 or counts[0] != str(options.records):
        sys.exit("expected rows, found rows, equal ones: %s" % counts)
    print("all %s rows are equal to what a query makes of the topic" % format(options.records, ","), flush=True)


def compare(server, options, source, rows, mode):
    ours, theirs = [], []
    for pair in range(options.pairs):
        for side in ("baseline", "sluice") if pair % 2 == 0 else ("sluice", "baseline"):
            fresh_table(server, rows, mode)
            if side == "sluice":
                ours.append(sluice(server, options, source(), mode))
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
    parser.add_argument("--kafka", action="store_true")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=5000)
    parser.add_argument("--writers", type=int, default=1)
    options = parser.parse_args()
    options.program = os.path.abspath(shutil.which(options.program) or sys.exit("no program " + options.program))
    options.baseline = os.path.abspath(options.baseline)
    if postgres_server.BIN is None:
        sys.exit("there is no PostgreSQL here; install the package postgresql-15")
    server, broker = postgres_server.Server(fsync="on"), None
    try:
        server.start()
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
            folder = pathlib.Path(name)
            data, rows = folder / "orders.jsonl", folder / "rows"
            subprocess.run([sys.executable, str(HERE / "gen_orders.py"), str(data), str(options.records)], check=True)
            prepare(server, options, data, rows)
            source = lambda: file_source(data)  # noqa: E731
            if options.kafka:
                broker = start_broker(options, data)
                source = lambda: kafka_source(broker)  # noqa: E731
                fresh_table(server, None, "upsert")
                sluice(server, options, source(), "upsert")
                check_values(server, options, broker, folder)
            promised = PROMISED[options.kafka]
            found = {mode: compare(server, options, source, rows, mode) for mode in promised}
            copied = plain_copy(server, options, rows)
            print("one plain COPY of everything: %s rows/s; insert is %.2f of it, upsert %.2f" % (
                format(int(options.records / copied), ","), copied / found["insert"][1], copied / found["upsert"][1]))
    finally:
        if broker is not None:
            broker.stop()
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
    sys.exit(any(found[mode][0] < promised[mode] for mode in promised))


if __name__ == "__main__":
    main()
