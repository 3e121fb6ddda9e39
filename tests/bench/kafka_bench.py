#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kafka to drop against file to drop with the same orders, schema and script: processor time a record of
the whole process, in alternating pairs, against a real broker that this starts.

usage: kafka_bench.py SLUICE [--records N] [--pairs N] [--compression none|lz4|zstd|gzip|snappy]
Exit 1 if Kafka's median is above 1.5 times the file's.
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
import kafka_server  # noqa: E402

PARTITIONS = 4
CONFIG = """runtime: { state: { dir: ./state }, workers: 1, admin: { listen: off } }
pipelines:
  bench:
    sources: { in: %s }
    schema: %s
    transform: %s
    sinks: { out: { use: drop } }
"""


def measure(program, source, records):
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        config = pathlib.Path(folder) / "sluice.yaml"
        config.write_text(CONFIG % (source, HERE / "orders.schema.json", HERE / "orders.lua"))
        process = subprocess.Popen([program, "run", "--once", "--json", "-c", str(config)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, log = process.stdout.read(), process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit("failed:\n" + log.decode())
        account = json.loads(out.splitlines()[-1])
    pipeline = account["pipelines"]["bench"]
    if pipeline["committed"] != records or pipeline["unaccounted"] != 0:
        sys.exit("not everything came: %s" % pipeline)
    return (used.ru_utime + used.ru_stime) / records * 1e6, records / account["seconds"]


def compare(broker, options):
    program = os.path.abspath(shutil.which(options.program) or sys.exit("there is no program " + options.program))
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        data = pathlib.Path(folder) / "orders.jsonl"
        subprocess.run([sys.executable, str(HERE / "gen_orders.py"), str(data), str(options.records)], check=True)
        broker.create("orders", PARTITIONS)
        with open(data, "rb") as lines:
            broker.produce("orders", (line.rstrip(b"\n") for line in lines), PARTITIONS,
                           **{"compression.type": options.compression})
        file_cpu, kafka_cpu, file_rate, kafka_rate = [], [], [], []
        for pair in range(options.pairs):
            cpu, rate = measure(program, json.dumps({"use": "file", "config": {"paths": [str(data)]}}), options.records)
            file_cpu.append(cpu)
            file_rate.append(rate)
            cpu, rate = measure(program, json.dumps({"use": "kafka", "config": {
                "brokers": broker.address, "topics": ["orders"], "group_id": "bench-%d" % pair,
                "until": "end"}}), options.records)
            kafka_cpu.append(cpu)
            kafka_rate.append(rate)
            print("file %.2f us, %s records/s; kafka %.2f us, %s records/s" % (
                file_cpu[-1], format(int(file_rate[-1]), ","), cpu, format(int(rate), ",")), flush=True)
    ratio = statistics.median(kafka_cpu) / statistics.median(file_cpu)
    print(json.dumps({"file_cpu_us": statistics.median(file_cpu), "kafka_cpu_us": statistics.median(kafka_cpu),
                      "ratio": ratio, "file_records_per_s": statistics.median(file_rate),
                      "kafka_records_per_s": statistics.median(kafka_rate), "compression": options.compression}))
    return ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--compression", default="none")
    options = parser.parse_args()
    broker = kafka_server.Broker()
    try:
        broker.start()
        ratio = compare(broker, options)
    finally:
        broker.kill()
        shutil.rmtree(broker.folder, ignore_errors=True)
    sys.exit(0 if ratio <= 1.5 else 1)


if __name__ == "__main__":
    main()
