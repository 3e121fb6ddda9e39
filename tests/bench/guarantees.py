#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the guarantees cost: the order workload with all of them on (as they are by default) and with all
off that can be, in alternating runs on one core. Processor time a record, median of the pairs.

usage: guarantees.py SLUICE [--records N] [--pairs N]
  --records N   records in the file (200000)
  --pairs N     alternating pairs of runs (7)
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

import end_to_end

CASES = {"script": "W3 file to file", "sqlite": "W3 file to SQLite"}


def without(name):
    """The workload of that name with its guarantees off."""
    title, stages, sink = end_to_end.WORKLOADS[name]
    stages += "    idempotency: { key: off }\n    dlq_burst: off\n"
    if name == "sqlite":
        sink += "\n          exactly_once: false"
    return title + ", guarantees off", stages, sink


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice")
    parser.add_argument("--records", type=int, default=200000)
    parser.add_argument("--pairs", type=int, default=7)
    given = parser.parse_args()
    program = str(pathlib.Path(given.sluice).resolve())
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        data = pathlib.Path(folder) / "orders.jsonl"
        subprocess.run([sys.executable, str(end_to_end.HERE / "gen_orders.py"), str(data),
                        str(given.records)], check=True)
        for name, title in CASES.items():
            end_to_end.WORKLOADS["off"] = without(name)
            figures = {"on": [], "off": []}
            for _ in range(given.pairs):
                figures["off"].append(end_to_end.measure(program, data, "off")["cpu_us_per_record"])
                figures["on"].append(end_to_end.measure(program, data, name)["cpu_us_per_record"])
            on, off = (statistics.median(figures[key]) for key in ("on", "off"))
            print("%-18s %.2f us/record with all guarantees, %.2f without: %.2f" % (
                title, on, off, on / off), flush=True)


if __name__ == "__main__":
    main()
