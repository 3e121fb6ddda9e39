#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The order workload through the whole program, on one core: records a second, processor time a
record, peak memory. Start-up is counted, the file's pages are in memory.

usage: end_to_end.py SLUICE [--records N] [--times N] [--only NAME] [--json]
  --records N   records in the file (200000)
  --times N     the file this many times over, for a long input (1): 54 is about 5 GB
  --only NAME   one of: files, schema, script, sqlite
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CHECK = "    schema: %s\n" % (HERE / "orders.schema.json")
SCRIPT = "    transform: %s\n" % (HERE / "orders.lua")
FILE = "{ use: file, config: { path: ./out/orders.jsonl } }"
SQLITE = """
        use: sqlite
        config:
          path: ./orders.db
          table: orders
          create: true
          key: [/id]
          revision: /revision
          columns:
            id: { from: /id, type: text }
            revision: { from: /revision, type: bigint }
            tenant: { from: /tenant, type: text }
            total: { from: /payload/total, type: real }
            email: { from: /payload/customer/email, type: text }"""
WORKLOADS = {
    "files": ("W1 file to file, no checks", "", FILE),
    "schema": ("W2 file to file, schema", CHECK, FILE),
    "script": ("W3 file to file, schema and script", CHECK + SCRIPT, FILE),
    "sqlite": ("W3 file to SQLite", CHECK + SCRIPT, SQLITE),
}
CONFIG = """runtime: { state: { dir: ./state }, workers: 1, admin: { listen: off } }
pipelines:
  bench:
    sources: { in: { use: file, config: { paths: [./in/*.jsonl] } } }
%s    sinks:
      out: %s
"""


def measure(program, data, name):
    _, stages, sink = WORKLOADS[name]
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        base = pathlib.Path(folder)
        (base / "in").mkdir()
        (base / "out").mkdir()
        (base / "in" / "orders.jsonl").symlink_to(data)
        (base / "sluice.yaml").write_text(CONFIG % (stages, sink), encoding="utf-8")
        command = [program, "run", "--once", "--json", "-c", str(base / "sluice.yaml")]
        core = max(os.sched_getaffinity(0))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        out, log = process.stdout.read(), process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit("%s failed:\n%s" % (" ".join(command), log.decode()))
        account = json.loads(out.splitlines()[-1])
    pipeline = account["pipelines"]["bench"]
    if pipeline["committed"] + pipeline["duplicate"] != pipeline["received"]:
        sys.exit("not everything was written: %s" % pipeline)
    cpu = used.ru_utime + used.ru_stime
    return {"records": pipeline["received"], "records_per_s": pipeline["received"] / account["seconds"],
            "cpu_us_per_record": cpu / pipeline["received"] * 1e6, "peak_mib": used.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--only", choices=sorted(WORKLOADS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    program = shutil.which(options.program) or sys.exit("there is no program " + options.program)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        once = pathlib.Path(folder) / "once.jsonl"
        subprocess.run([sys.executable, str(HERE / "gen_orders.py"), str(once), str(options.records)], check=True)
        data = pathlib.Path(folder) / "orders.jsonl"
        with open(data, "wb") as whole:
            for _ in range(options.times):
                with open(once, "rb") as part:
                    shutil.copyfileobj(part, whole, 1 << 20)
        size = data.stat().st_size
        for name in WORKLOADS:
            if options.only not in (None, name):
                continue
            found = measure(os.path.abspath(program), data, name)
            if options.json:
                print(json.dumps({"workload": name, "input_bytes": size, **found}), flush=True)
            else:
                print("%-36s %11s records  %9s records/s  %5.1f us cpu  %5.0f MiB" % (
                    WORKLOADS[name][0], format(found["records"], ","), format(int(found["records_per_s"]), ","),
                    found["cpu_us_per_record"], found["peak_mib"]), flush=True)


if __name__ == "__main__":
    main()
