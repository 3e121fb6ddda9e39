#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's second chapter: a producer changes its format while Sluice reads it.

usage: demo_versions.py SLUICE EVENTS.jsonl
DEMO_DIR is where it works; the program is started once and never again.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

SHIPPED = pathlib.Path("deploy/demo/versions")
CONFIG = str(SHIPPED / "sluice.yaml")
PATIENCE = 60  # seconds until something that should happen counts as failed


def title(text):
    print("\n== " + text, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Chapter:
    def __init__(self, program, events):
        self.program = program
        self.base = pathlib.Path(os.environ["DEMO_DIR"]) / "versions"
        for folder in ("feed", "schema", "lifts"):
            (self.base / folder).mkdir(parents=True)
        shutil.copy(SHIPPED / "1.schema.json", self.base / "schema")
        os.environ["DEMO_PORT"] = self.port = str(free_port())
        with open(events, encoding="utf-8") as lines:
            parsed = [json.loads(line) for line in lines]
        self.events = [e for e in parsed if e["properties"]["mag"] is not None and e["properties"]["place"]]
        self.at = 0

    def sluice(self, *arguments):
        print("$ sluice " + " ".join(str(a) for a in arguments), flush=True)
        subprocess.run([self.program, *map(str, arguments)], check=True)

    def ask(self, path):
        url = "http://127.0.0.1:%s%s" % (self.port, path)
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)

    def until(self, what, holds):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                sys.exit("sluice ended early; its log is " + str(self.base / "sluice.log"))
            try:
                if holds():
                    return
            except OSError:
                pass  # it is not listening yet
            time.sleep(0.05)
        sys.exit("waited %d s in vain for: %s" % (PATIENCE, what))

    def account(self):
        return self.ask("/health/detailed")["pipelines"]["live"]["accounting"]

    def send(self, count, version):
        """Appends events in the form that the producer uses at that time."""
        before = self.account()["received"] if self.at else 0
        with open(self.base / "feed" / "events.jsonl", "a", encoding="utf-8") as feed:
            for event in self.events[self.at:self.at + count]:
                p = event["properties"]
                record = {"id": event["id"], "mag": p["mag"], "place": p["place"], "updated": p["updated"]}
                if version == 1:
                    record.update(sig=p["sig"], tz=p["tz"] or 0)
                else:
                    record.update(sig=str(p["sig"]), mag_scale=p["magType"] or "unknown")
                feed.write(json.dumps(record, separators=(",", ":")) + "\n")
        self.at += count
        self.until("%d more records" % count, lambda: self.settled(before + count))

    def settled(self, received):
        account = self.account()
        return account["received"] == received and account["in_flight"] == 0

    def run(self):
        log = open(self.base / "sluice.log", "w", encoding="utf-8")
        self.process = subprocess.Popen([self.program, "run", "-c", CONFIG], stdout=log, stderr=log)
        try:
            self.story()
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            log.close()

    def story(self):
        schema, lifts = self.base / "schema", self.base / "lifts"
        title("A stream is read: 600 events of version 1")
        self.until("the program to be ready", lambda: self.ask("/health/ready")["ready"])
        self.send(600, version=1)
        self.show_account()
        title("The producer changes its format and tells nobody: 200 events of another kind")
        self.send(200, version=2)
        self.show_account()
        print("\nThe drift ledger names the change; nothing has been edited:")
        self.sluice("schema", "drift", "-c", CONFIG)
        title("So a version 2 of the schema is written, and the lift from 1 to 2 by the program")
        self.sluice("schema", "diff", schema / "1.schema.json", SHIPPED / "2.schema.json", "--scaffold",
                    lifts / "1_to_2.lua")
        print((lifts / "1_to_2.lua").read_text(encoding="utf-8"), flush=True)
        shutil.copy(SHIPPED / "2.schema.json", schema / "2.schema.json.part")
        os.rename(schema / "2.schema.json.part", schema / "2.schema.json")
        self.until("version 2 to be taken over", lambda: len(self.versions()) == 2)
        title("Saved, and taken over by the running process: now both versions flow")
        self.send(150, version=1)
        self.send(150, version=2)
        self.show_account()
        for version in self.versions():
            print("version %s: %s records" % (version["version"], version["records"]))
        print("\nLate senders of version 1 arrive in the form of version 2:", flush=True)
        subprocess.run(["sqlite3", "-header", "-column", str(self.base / "live.db"),
                        "SELECT coalesce(mag_scale, '(before version 2)') AS mag_scale, count(*) AS events "
                        "FROM live GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5"], check=True)

    def versions(self):
        return self.ask("/admin/schemas")["pipelines"]["live"]["versions"]

    def show_account(self):
        account = self.account()
        print("received %(received)s = committed %(committed)s + dead-lettered %(dead_lettered)s "
              "+ in flight %(in_flight)s" % account, flush=True)


if __name__ == "__main__":
    Chapter(sys.argv[1], sys.argv[2]).run()
