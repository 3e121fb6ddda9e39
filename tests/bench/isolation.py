#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One of three sinks dead under half the load that the pipeline could take: how late the other two are, beside
the same load without the fault. Lag: from a line's writing into the source's file to its being read
from the sink's.

usage: isolation.py SLUICE [--seconds N] [--rounds N] [--rate N]
  --seconds N   how long load is offered in each run (15)
  --rounds N    runs without the fault, with a sink that fails, and with one that hangs (3)
  --rate N      lines a second; default: half of what a first run takes
"""
import argparse
import json
import pathlib
import signal
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: "127.0.0.1:0" }, drain_timeout: 120s }
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [./in/*.jsonl], follow: true } } }
    schema: ./schema.json
    transform: ./script.lua
    sinks:
      a: { use: file, config: { path: ./a.jsonl } }
      b: { use: file, config: { path: ./b.jsonl } }
      c:
        use: sqlite
        config: { path: ./c.db, table: t, columns: { doc: "" }, exactly_once: false }
        spool: 4GiB
        breaker: { half_open_after: 2s }
"""
TAIL = b',"pad":"%s"}\n' % (b"x" * 400)
SCHEMA = {"type": "object", "required": ["t", "n", "pad"], "properties": {
    "t": {"type": "integer"}, "n": {"type": "integer", "minimum": 0},
    "pad": {"type": "string", "maxLength": 500}}}
SCRIPT = "function transform(r) r.twice = 2 * r.n r.size = #r.pad return r end\n"
STEP = 0.01
SAMPLE = 20  # every so-manieth line is timed


def lines_of(first, end):
    head = b'{"t":%d,"n":' % time.monotonic_ns()
    return b"".join([b"%b%d%b" % (head, number, TAIL) for number in range(first, end)])


class Reader(threading.Thread):
    """Follows a sink's file: when did which line come?"""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.lines, self.lags, self.last = path, 0, [], -1
        self.in_order, self.ended = True, threading.Event()

    def run(self):
        rest = b""
        while not self.path.exists():
            if self.ended.wait(STEP):
                return
        with open(self.path, "rb") as file:
            while not self.ended.is_set():
                chunk = file.read(1 << 22)
                if not chunk:
                    self.ended.wait(STEP)
                    continue
                now = time.monotonic_ns()
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                for at in range(-self.lines % SAMPLE, len(lines), SAMPLE):
                    fields = lines[at].split(b",", 2)
                    self.lags.append((now - int(fields[0][5:])) / 1e6)
                    number = int(fields[1][4:])
                    self.in_order = self.in_order and number > self.last
                    self.last = number
                self.lines += len(lines)


class Place:
    def __init__(self, program, folder):
        self.program, self.path, self.errors = program, pathlib.Path(folder), []
        (self.path / "in").mkdir()
        (self.path / "schema.json").write_text(json.dumps(SCHEMA))
        (self.path / "script.lua").write_text(SCRIPT)
        (self.path / "sluice.yaml").write_text(CONFIG)

    def start(self):
        self.process = subprocess.Popen([self.program, "run"], cwd=self.path,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for text in self.process.stderr:
            if b"admin" in text and b"127.0.0.1:" in text:
                self.address = "127.0.0.1:" + text.split(b"127.0.0.1:")[1].split(b'"')[0].split()[0].decode()
                break
        threading.Thread(target=self.keep_errors, daemon=True).start()

    def account(self):
        return self.health()["pipelines"]["p"]["accounting"]

    def keep_errors(self):
        for text in self.process.stderr:
            if b'"level":"error"' in text:
                self.errors.append(text.decode())

    def end(self):
        self.process.kill()
        self.process.wait()

    def metric(self, name):
        with urllib.request.urlopen("http://%s/metrics" % self.address, timeout=60) as answer:
            return sum(float(text.rsplit(" ", 1)[1]) for text in answer.read().decode().splitlines()
                       if text.startswith(name))

    def health(self):
        with urllib.request.urlopen("http://%s/health/detailed" % self.address, timeout=60) as answer:
            return json.loads(answer.read())


def make_database(place):
    database = sqlite3.connect(place.path / "c.db", isolation_level=None)
    database.execute("pragma journal_mode = wal")
    database.execute("create table t (doc)")
    return database


def capacity(program, lines):
    """Lines a second from a file that is there already, with the readers of this script beside it."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        place = Place(program, folder)
        make_database(place).close()
        (place.path / "in" / "load.jsonl").write_bytes(lines_of(0, lines))
        readers = [Reader(place.path / name) for name in ("a.jsonl", "b.jsonl")]
        for reader in readers:
            reader.start()
        began = time.monotonic()
        place.start()
        try:
            wait_until(place, lambda: place.account()["committed"] == lines and
                       all(reader.lines == lines for reader in readers))
            return lines / (time.monotonic() - began)
        finally:
            place.end()


def offer(path, rate, seconds):
    began, written = time.monotonic(), 0
    with open(path, "ab", buffering=0) as file:
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed * rate)
            file.write(lines_of(written, due))
            written = due
            time.sleep(STEP)
    return written


def wait_until(place, condition, limit=120):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it does not come to its end: %s" % place.errors[-5:]
        time.sleep(0.05)


def run(program, rate, seconds, fault):
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        place = Place(program, folder)
        database = make_database(place)
        (place.path / "in" / "load.jsonl").touch()
        place.start()
        try:
            return measure(place, database, rate, seconds, fault)
        finally:
            place.end()


def measure(place, database, rate, seconds, fault):
    wait_until(place, lambda: place.health()["adapters"]["c"]["state"] == "ok")
    if fault == "fails":  # at once
        database.execute("alter table t rename to away")
    elif fault == "hangs":  # each call waits for the lock until its time limit
        database.execute("begin immediate")
    readers = [Reader(place.path / name) for name in ("a.jsonl", "b.jsonl")]
    for reader in readers:
        reader.start()
    offered = offer(place.path / "in" / "load.jsonl", rate, seconds)
    wait_until(place, lambda: all(reader.lines == offered for reader in readers))
    memory = place.metric("process_resident_memory_bytes")
    spooled = place.metric("ingest_spool_records")
    began = time.monotonic()
    if fault == "fails":
        database.execute("alter table away rename to t")
    elif fault == "hangs":
        database.execute("rollback")
    wait_until(place, lambda: place.metric("ingest_spool_records") == 0 and
               place.account()["in_flight"] == 0)
    caught_up = time.monotonic() - began
    place.process.send_signal(signal.SIGTERM)
    assert place.process.wait() == 0
    for reader in readers:
        reader.ended.set()
    rows = [int(row[0].split(",", 2)[1][4:])
            for row in database.execute("select doc from t order by rowid")]
    database.close()
    lags = sorted(lag for reader in readers for lag in reader.lags)
    return {"offered": offered, "spooled": int(spooled), "memory_mib": memory / (1 << 20),
            "caught_up_s": caught_up, "p50_ms": statistics.median(lags),
            "p95_ms": lags[len(lags) * 95 // 100], "most_ms": lags[-1],
            "in_order": rows == list(range(offered)) and all(r.in_order for r in readers)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=0)
    given = parser.parse_args()
    program = str(pathlib.Path(given.sluice).resolve())
    rate = given.rate or int(capacity(program, 300000) / 2)
    print("offered: %d lines/s" % rate, flush=True)
    p95 = {"none": [], "fails": [], "hangs": []}
    for _ in range(given.rounds):
        for fault, figures in p95.items():
            out = run(program, rate, given.seconds, fault)
            figures.append(out["p95_ms"])
            print("fault %-5s  lag p50 %7.1f ms, p95 %7.1f ms, most %7.1f ms; %d offered, %d spooled, %.0f MiB, "
                  "caught up in %.1f s, in order: %s" % (
                      fault, out["p50_ms"], out["p95_ms"], out["most_ms"], out["offered"],
                      out["spooled"], out["memory_mib"], out["caught_up_s"], out["in_order"]),
                  flush=True)
    medians = {fault: statistics.median(figures) for fault, figures in p95.items()}
    for fault in ("fails", "hangs"):
        print("a sink that %s: p95 is %.2f times that without the fault" % (
            fault, medians[fault] / medians["none"]), flush=True)


if __name__ == "__main__":
    main()
