#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""States of a running process, by hand: drain, pause, brownout, burst and the way back, as an operator asks for
them over HTTP; each with its cause in health, none ending the process, all standing after a kill."""
import json
import re
import signal
import urllib.error
import urllib.request

from harness import Folder, address_of, check_identity, contains, detailed, equal, main, wait_for

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: "127.0.0.1:0" } }
pipelines:
  p:
    sources:
      live: { use: generator, config: { rate: 4000/s, seed: 1 } }
      history: { use: generator, config: { rate: 4000/s, seed: 2 }, priority: %s }
    %s
    sinks: { out: { use: drop } }
"""


def config(priority="low", flow=""):
    return CONFIG % (priority, flow)


class Process:
    def __init__(self, folder):
        self.folder = folder
        self.start()

    def start(self):
        self.process = self.folder.start("run")
        self.address = address_of(self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def post(self, path):
        """Status and answer."""
        request = urllib.request.Request("http://%s%s" % (self.address, path), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            equal(refused.headers["Content-Type"], "application/problem+json", "type of a refusal")
            return refused.code, json.load(refused)

    def get(self, path):
        try:
            with urllib.request.urlopen("http://%s%s" % (self.address, path), timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def health(self):
        return detailed(self.address)

    def pressure(self):
        return self.health()["backpressure"]

    def received(self):
        return self.health()["pipelines"]["p"]["accounting"]["received"]

    def by_source(self):
        """Records each source has given, from the metrics."""
        text = self.get("/metrics")[1]
        found = re.findall(r'^ingest_records_total\{([^}]*)\} (\d+)', text, re.M)
        counts = {"live": 0, "history": 0}
        for labels, value in found:
            counts[re.search(r'source="(\w+)"', labels).group(1)] += int(value)
        return counts

    def state_metric(self):
        text = self.get("/metrics")[1]
        return [re.search(r'state="(\w+)"', labels).group(1) for labels, value in re.findall(
            r'^ingest_backpressure_state\{([^}]*)\} (\d+)', text, re.M) if value == "1"]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(120), 0, "exit code")


def drained_and_back():
    with Folder(config()) as folder:
        process = Process(folder)
        wait_for(lambda: process.received() > 1000)
        equal(process.get("/health/ready")[0], 200, "ready before")
        equal(process.post("/admin/drain"), (200, {"state": "drain", "pipelines": ["p"]}), "drain")
        wait_for(lambda: process.pressure()["drained"])
        seen = process.health()
        equal(seen["backpressure"]["state"], "drain", "state")
        contains(seen["backpressure"]["reasons"][0], "an operator asked for it; it ends: POST /admin/resume", "reason")
        equal(seen["pipelines"]["p"]["accounting"]["in_flight"], 0, "in flight")
        check_identity(seen["pipelines"]["p"]["accounting"])
        equal(process.state_metric(), ["drain"], "metric")
        status, text = process.get("/health/ready")
        equal(status, 503, "ready while drained")
        contains(text, "pipeline p is in state drain", "why it is not ready")
        equal(process.get("/health/live")[0], 200, "live all the same")
        # It does not end, and takes nothing in: the sources have been seen to stand.
        wait_for(lambda: all(source["state"] == "paused" for source in
                             (process.health()["adapters"][name] for name in ("live", "history"))))
        before = process.received()
        equal(process.post("/admin/resume"), (200, {"pipelines": ["p"], "resumed": []}), "resume")
        wait_for(lambda: process.received() > before + 1000)
        equal(process.pressure()["state"], "normal", "state after it")
        moves = json.loads(process.get("/admin/pipelines")[1])["pipelines"]["p"]["transitions"]
        equal([(move["from"], move["to"]) for move in moves], [("drain", "normal"), ("normal", "drain")], "moves")
        process.end()


def a_pause_stands_after_a_kill():
    with Folder(config()) as folder:
        process = Process(folder)
        wait_for(lambda: process.received() > 1000)
        equal(process.post("/admin/pause?pipeline=p")[0], 200, "pause")
        process.kill()
        process.start()
        contains("".join(process.process.log), "as an operator asked at", "the log of the start")
        equal(process.pressure()["state"], "paused", "state after a kill")
        equal(process.received(), 0, "records since")
        equal(process.post("/admin/resume")[0], 200, "resume")
        wait_for(lambda: process.received() > 1000)
        # Asked for until the next start only: an orchestrator's hook before it replaces the process.
        equal(process.post("/admin/drain?until=restart")[0], 200, "drain")
        process.kill()
        process.start()
        wait_for(lambda: process.received() > 1000)
        process.end()
        audit = (folder.path / "state" / "audit.jsonl").read_text().splitlines()
        equal([json.loads(line)["state"] for line in audit if '"event":"flow"' in line],
              ["paused", "resume", "drain"], "the audit log")


def a_brownout_holds_back_what_is_low():
    with Folder(config()) as folder:
        process = Process(folder)
        wait_for(lambda: min(process.by_source().values()) > 12000)
        equal(process.post("/admin/brownout?rate=0.1"),
              (200, {"state": "brownout", "pipelines": ["p"], "rate": 0.1}), "brownout")
        wait_for(lambda: process.pressure()["state"] == "brownout")
        equal(process.get("/health/ready")[0], 200, "it is ready")
        first = process.by_source()
        wait_for(lambda: process.by_source()["live"] > first["live"] + 20000)
        last = process.by_source()
        live, low = (last[name] - first[name] for name in ("live", "history"))
        assert 0.02 * live < low < 0.3 * live, "of %d live ones %d came" % (live, low)
        equal(process.post("/admin/resume")[0], 200, "resume")
        wait_for(lambda: process.by_source()["history"] > last["history"] + 8000)
        check_identity(process.health()["pipelines"]["p"]["accounting"])
        process.end()


def what_cannot_be_done_is_said():
    with Folder(config("normal")) as folder:
        process = Process(folder)
        status, answer = process.post("/admin/brownout")
        equal((status, answer["rate"], answer["nothing_low"]), (200, 0.1, ["p"]), "brownout of nothing")
        contains(answer["note"], "priority: low", "note")
        for path, status, part in (
                ("/admin/brownout?rate=1.5", 400, "a number from 0 to 1"),
                ("/admin/brownout?rate=-0.1", 400, "a number from 0 to 1"),
                ("/admin/brownout?rate=nan", 400, "a number from 0 to 1"),
                ("/admin/brownout?rate=", 400, "a number from 0 to 1"),
                ("/admin/drain?rate=0.5", 400, "use pipeline, until=restart"),
                ("/admin/drain?until=tomorrow", 400, "the only value is restart"),
                ("/admin/pause?pipeline=q", 404, "there is no pipeline 'q'"),
                ("/admin/burst?multiplier=0", 400, "a number from 0.01 to"),
                ("/admin/burst?multiplier=2", 409, "flow.rate"),
                ("/admin/resume?pipeline=q", 404, "there is no pipeline 'q'")):
            found, problem = process.post(path)
            equal(found, status, path)
            contains(problem["detail"], part, path)
        equal(process.get("/admin/drain")[0], 405, "GET")
        process.end()


def a_burst_multiplies_the_rate():
    with Folder(config(flow="flow: { rate: 1000/s }")) as folder:
        process = Process(folder)
        wait_for(lambda: process.pressure()["state"] == "throttled")
        contains(process.pressure()["reasons"][0], "flow.rate", "why")
        equal(process.state_metric(), ["throttled"], "metric")
        equal(process.post("/admin/burst?multiplier=100"), (200, {"pipelines": ["p"], "multiplier": 100}), "burst")
        before = process.received()
        wait_for(lambda: process.received() > before + 8000)
        wait_for(lambda: process.pressure()["state"] == "normal")
        equal(process.post("/admin/burst"), (200, {"pipelines": ["p"], "multiplier": None}), "as configured")
        wait_for(lambda: process.pressure()["state"] == "throttled")
        process.end()


def a_paused_process_ends_when_told():
    with Folder(config()) as folder:
        process = Process(folder)
        wait_for(lambda: process.received() > 1000)
        equal(process.post("/admin/pause")[0], 200, "pause")
        process.end()


main([drained_and_back, a_pause_stands_after_a_kill, a_brownout_holds_back_what_is_low, what_cannot_be_done_is_said,
      a_burst_multiplies_the_rate, a_paused_process_ends_when_told])
