#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The alerts, recording rules and dashboards that are shipped: rules are valid, each alert fires and does not where it
must and leads to a section of the runbook, all that is read is what a process offers, and a real Prometheus that
scrapes a real run works out every rule and has an answer for every panel."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from harness import Folder, address_of, equal, free_port, main, wait_for

ROOT = pathlib.Path(os.environ["SLUICE_SOURCE_DIR"])
RULES = ROOT / "deploy" / "prometheus"
CASES = ROOT / "tests" / "prometheus" / "alerts.test.yml"
FILES = ("thresholds.yml", "recording.yml", "alerts.yml")
DASHBOARDS = ROOT / "deploy" / "grafana"
PLUGINS = os.environ["SLUICE_TEST_PLUGINS"]
# Something of everything: dead letters of the schema and of the script, a sink that wants records again, a spool.
CONFIG = """
runtime:
  state: { dir: ./state }
  admin: { listen: "127.0.0.1:0" }
  plugin_dirs: ["%(shipped)s", "%(tests)s"]
pipelines:
  p:
    tenant: acme
    sources: { in: { use: generator, config: { rate: 2000/s, bad_percent: 2, count: 100000000 } } }
    schema: { file: "%(root)s/tests/bench/orders.schema.json" }
    transform: ./picky.lua
    dlq_burst: off
    sinks: { out: { use: effects, spool: 16MiB, order: none, config: { path: ./effects, retry: 2 } } }
"""
SCRIPT = """
function transform(r)
  if r.id:sub(-2) == "77" then return sluice.reject("UNLUCKY", "by its id") end
  return r
end
"""


def promtool(*words):
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True)
    equal(done.returncode, 0, "promtool %s\n%s%s" % (" ".join(map(str, words)), done.stdout, done.stderr))


def text_of(name):
    return (RULES / name).read_text()


def valid_and_each_case_holds():
    promtool("check", "config", RULES / "prometheus.yml")
    promtool("test", "rules", CASES)


def each_alert_is_seen_to_fire_and_not_to():
    alerts = re.findall(r"- alert: (\w+)", text_of("alerts.yml"))
    equal(len(alerts), 13, "alerts")
    # A case without expected alerts stands on one line; one that has some, on several.
    cases = CASES.read_text()
    fires = set(re.findall(r"alertname: (\w+)\n +exp_alerts", cases))
    silent = set(re.findall(r"\{ eval_time: \w+, alertname: (\w+) \}", cases))
    equal(set(alerts) - fires, set(), "alerts that no case sees fire")
    equal(set(alerts) - silent, set(), "alerts that no case sees not fire")


def each_alert_leads_to_a_section():
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    links = re.findall(r"runbook_url: docs/runbook.md#([\w-]+)", text_of("alerts.yml"))
    equal(len(links), 13, "links")
    equal([link for link in links if '<a name="%s"></a>' % link not in runbook], [], "links that lead nowhere")
    equal([name for name in re.findall(r"- alert: (\w+)", text_of("alerts.yml")) if "`%s`" % name not in runbook], [],
          "alerts that the runbook does not name")


def panels():
    """Titles and queries of all dashboards, for everything that there is."""
    found = []
    for file in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", "1m")
                found.append((file.stem + ", " + panel["title"],
                              expression.replace("$tenant", ".*").replace("$pipeline", ".*")))
    return found


def the_dashboards_are_those_of_the_manual():
    overview = json.loads((DASHBOARDS / "ingest-overview.json").read_text())
    equal((overview["uid"], overview["title"]), ("ingest-overview", "Ingest Overview"), "the overview")
    equal([panel["title"] for panel in overview["panels"] if panel["type"] == "row"],
          ["Throughput", "Latency p50/p95/p99", "Errors and Retries", "Queue Health"], "its rows")
    titles = [panel["title"] for panel in overview["panels"]]
    equal([name for name in ("Ingest Backlog Lag", "Ingest Throughput") if name not in titles], [], "panels missing")
    for file in DASHBOARDS.glob("*.json"):
        dashboard = json.loads(file.read_text())
        equal(dashboard["uid"], file.stem, "uid of " + file.name)
        numbers = [panel["id"] for panel in dashboard["panels"]]
        equal(sorted(set(numbers)), numbers, "ids in " + file.name)


class Prometheus:
    def __init__(self, target):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-prometheus-"))
        for name in (*FILES, "prometheus.yml"):
            (self.folder / name).write_text(
                text_of(name).replace("15s", "1s").replace("127.0.0.1:8080", target))
        self.address = "127.0.0.1:%d" % free_port()
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
             "--web.listen-address=" + self.address], cwd=self.folder, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, path):
        try:
            with urllib.request.urlopen("http://%s/api/v1/%s" % (self.address, path), timeout=30) as answer:
                return json.load(answer)["data"]
        except OSError:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            return None  # not ready yet

    def await_answer(self, title, expression):
        try:
            wait_for(lambda: self.query(expression))
        except AssertionError as waited:
            raise AssertionError("no answer for %s: %s" % (title, expression)) from waited

    def query(self, expression):
        data = self.ask("query?query=" + urllib.parse.quote(expression))
        return data["result"] if data else []


def worked_out_from_a_real_run():
    records = re.findall(r'record: "?([\w:]+)', text_of("thresholds.yml") + text_of("recording.yml"))
    assert len(records) == 21, records
    shipped = pathlib.Path(os.environ["SLUICE"]).parent.parent / "lib" / "sluice" / "plugins"
    with Folder(CONFIG % {"shipped": shipped, "tests": PLUGINS, "root": ROOT}, {"picky.lua": SCRIPT}) as folder:
        process = folder.start("run")
        address = address_of(process)
        with Prometheus(address) as prometheus:
            for record in records:
                prometheus.await_answer("a rule", record)
            for title, expression in panels():
                prometheus.await_answer(title, expression)
            # 2 % of the records are bad, so they eat the budget four times as fast as it comes.
            wait_for(lambda: 2 < float((prometheus.query("slo:ingest:error_budget_burn_5m") or [
                {"value": [0, "nan"]}])[0]["value"][1]) < 8)
            wait_for(lambda: prometheus.query('ALERTS{alertname="IngestDLQSpike",alertstate="firing",tenant="acme"}'))
            groups = prometheus.ask("rules")["groups"]
            equal([rule["name"] for group in groups for rule in group["rules"]
                   if rule["health"] != "ok" or rule.get("lastError")], [], "rules that failed")
        with urllib.request.urlopen("http://%s/metrics" % address, timeout=30) as answer:
            declared = set(re.findall(r"# HELP (\w+)", answer.read().decode()))
        process.send_signal(signal.SIGTERM)
        equal(process.wait(120), 0, "exit code")
    used = set(re.findall(r"\b(ingest_\w+|kafka_\w+)", text_of("recording.yml") + text_of("alerts.yml")))
    used |= {name for _, expression in panels() for name in re.findall(r"\b(ingest_\w+)", expression)}
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    equal(sorted(used - declared), [], "metrics that no process has")


if shutil.which("promtool") is None or shutil.which("prometheus") is None:
    print("skipped: no Prometheus here; install the package prometheus")
    sys.exit(77)
main([valid_and_each_case_holds, each_alert_is_seen_to_fire_and_not_to, each_alert_leads_to_a_section,
      the_dashboards_are_those_of_the_manual, worked_out_from_a_real_run])
