#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A redrive of some letters among very many: alone, and beside a pipeline that takes half of what it can.

Alone: letters a second into SQLite, and processor time a letter. Beside: a generator offers a file sink half
of what the pipeline takes when nothing holds it up (measured first, for as long), in the same process; shown
are what was offered, what was delivered, how far delivery lags, and the pace of the redrive, each without
and with it.

usage: redrive_bench.py BUILD [--letters N] [--part N] [--seconds S] [--folder DIR] [--only alone|beside]
  BUILD         a build folder, such as build/release
  --letters N   letters in the store (1000000)
  --part N      every so many is redriven (10)
  --seconds S   how long each rate is measured (10)
  --folder DIR  where the letters are made once and kept for further runs
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

CONFIG = """\
runtime: { state: { dir: ./state }, admin: { listen: %(listen)s }, drain_timeout: 120s, log: { level: info } }
pipelines:
  orders:
    sources: { in: { use: generator, config: { count: 1 } } }
    dead_letters: { max_bytes: 64GiB }
    dlq_burst: off
    sinks:
      out: { use: sqlite, config: { path: ./out.db, table: orders, create: true,
             columns: { order_id: /order_id, note: /note } } }
"""
LOAD = """\
  load:
    sources: { gen: { use: generator, config: { %s } } }
    transform: orders.lua
    sinks:
      load_out: { use: file, config: { path: ./load.jsonl } }
"""
SCRIPT = "function transform(r) r.seen = true return r end\n"


class Bench:
    def __init__(self, given):
        self.given = given
        self.build = pathlib.Path(given.build).resolve()
        self.program = str(self.build / "bin/sluice")
        self.made = pathlib.Path(given.folder or tempfile.mkdtemp(prefix="sluice-bench-")).resolve()
        self.made.mkdir(exist_ok=True)

    def make_letters(self):
        subprocess.run([str(self.build / "bin/triage_bench"), str(self.made / "letters"), str(self.given.letters)],
                       check=True)

    def folder(self, load=None):
        """A folder of its own with the letters in it."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=self.made))
        shutil.copytree(self.made / "letters", folder / "state")
        os.chmod(folder / "state", 0o700)
        os.sync()  # writing the copy to disk is not to be measured
        config = CONFIG % {"listen": "127.0.0.1:0" if load is not None else "off"}
        (folder / "sluice.yaml").write_text(config + (LOAD % load if load is not None else ""))
        (folder / "orders.lua").write_text(SCRIPT)
        return folder

    def chosen(self):
        """A time range that holds the part: letters are spread evenly over two days, in no order."""
        newest, days = 1_795_693_170, 2 * 86_400
        since = time.gmtime(newest - days // self.given.part)
        return ["--since", time.strftime("%Y-%m-%dT%H:%M:%S", since)]

    # ---- alone ----------------------------------------------------------------------------------

    def alone(self):
        folder = self.folder()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        out = subprocess.run([self.program, "dlq", "redrive", "--json", *self.chosen()], cwd=folder, check=True,
                             capture_output=True, text=True).stdout
        seconds = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        plan = json.loads(out.splitlines()[-1])
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        shutil.rmtree(folder)
        print("redrive of %d among %d letters into SQLite: %.1f s, %.0f letters/s, %.1f us of processor a letter" % (
            plan["committed"], self.given.letters, seconds, plan["committed"] / seconds,
            1e6 * used / plan["committed"]), flush=True)
        assert plan["state"] == "done" and plan["left"] == 0, plan

    # ---- beside a pipeline ----------------------------------------------------------------------

    def process(self, folder):
        process = subprocess.Popen([self.program, "run"], cwd=folder, stderr=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL)
        for line in process.stderr:
            found = re.search(rb'address"?[=:]"?(127\.0\.0\.1:\d+)', line)
            if found:
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return process, "http://" + found.group(1).decode()
        raise SystemExit("the process did not start")

    def account(self, address):
        """What the loaded pipeline has received, committed and holds."""
        text = urllib.request.urlopen(address + "/metrics", timeout=30).read().decode()
        number = lambda name: float(re.search(r'^%s (\S+)$' % name, text, re.MULTILINE).group(1))
        source = 'tenant="default",pipeline="load",source="gen"'
        return {"received": number("ingest_received_total{%s}" % source),
                "committed": number('ingest_records_total{%s,outcome="committed"}' % source),
                "in_flight": number('ingest_in_flight_records{tenant="default",pipeline="load"}')}

    def loaded(self, rate, redrive):
        folder = self.folder("rate: %d/s" % rate if rate else "rate: 0")
        process, address = self.process(folder)
        try:
            return self.watch(process, address, folder, redrive)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(200)
            shutil.rmtree(folder)

    def watch(self, process, address, folder, redrive):
        time.sleep(2)  # what the start costs is not to count
        began, first = time.monotonic(), self.account(address)
        worst, plan = 0, None
        if redrive:
            env = {**os.environ, "SLUICE_ADMIN_URL": address}
            asked = subprocess.Popen([self.program, "dlq", "redrive", "--json", *self.chosen()], cwd=folder,
                                     env=env, stdout=subprocess.PIPE, text=True)
        while asked.poll() is None if redrive else time.monotonic() - began < self.given.seconds:
            time.sleep(0.25)
            worst = max(worst, self.account(address)["in_flight"])
        took, last = time.monotonic() - began, self.account(address)
        if redrive:
            plan = json.loads(asked.stdout.read().splitlines()[-1])
            assert plan["state"] == "done" and plan["left"] == 0, plan
        return {"seconds": took, "received": (last["received"] - first["received"]) / took,
                "committed": (last["committed"] - first["committed"]) / took, "in_flight": worst,
                "redriven": plan["committed"] / took if plan else 0, "letters": plan["committed"] if plan else 0}

    def beside(self):
        full = self.loaded(0, False)["committed"]
        half = int(full / 2)
        print("capacity of the pipeline: %.0f records/s; offered from now on: %d/s" % (full, half), flush=True)
        for redrive in (False, True):
            seen = self.loaded(half, redrive)
            print("%s: offered %.0f/s (%.1f %% of the rate), delivered %.0f/s (%.2f %% of what was offered), "
                  "at most %d in flight%s" % (
                      "with a redrive" if redrive else "without one   ", seen["received"],
                      100 * seen["received"] / half, seen["committed"],
                      100 * seen["committed"] / seen["received"], seen["in_flight"],
                      "; redriven %d letters at %.0f/s" % (seen["letters"], seen["redriven"]) if redrive else ""),
                  flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--letters", type=int, default=1_000_000)
    parser.add_argument("--part", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--folder")
    parser.add_argument("--only", choices=["alone", "beside"])
    given = parser.parse_args()
    bench = Bench(given)
    bench.make_letters()
    if given.only != "beside":
        bench.alone()
    if given.only != "alone":
        bench.beside()
    if not given.folder:
        shutil.rmtree(bench.made)


if __name__ == "__main__":
    main()
