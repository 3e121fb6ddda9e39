#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGTERM drains and exits 0, a second one ends at once; nothing is lost by either. Health and
metrics while it runs."""
import json
import re
import signal
import urllib.error
import urllib.request

from harness import Folder, address_of, check_identity, contains, equal, main, wait_for

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: "127.0.0.1:0" } }
pipelines:
  p:
    sources: { gen: { use: generator, config: { count: %d, seed: 3, rate: "%s" } } }
    sinks: { out: { use: %s, config: %s } }
"""
SQLITE = """{ path: ./out.db, table: t, create: true, key: [/id],
  columns: { id: { from: /id, type: text } } }"""


def get(address, path):
    try:
        with urllib.request.urlopen("http://%s%s" % (address, path), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def received(address):
    detailed = json.loads(get(address, "/health/detailed")[1])
    return detailed["pipelines"]["p"]["accounting"]["received"]


def sigterm_drains_and_exits_0():
    with Folder(CONFIG % (0, "20000/s", "sqlite", SQLITE)) as folder:
        process = folder.start("run", "--json")
        address = address_of(process)
        wait_for(lambda: received(address) > 3000)
        process.send_signal(signal.SIGTERM)
        out = process.stdout.read()
        process.wait(timeout=120)
        equal(process.returncode, 0, "exit code")
        account = json.loads(out)["pipelines"]["p"]
        check_identity(account)
        equal(account["in_flight"], 0, "in flight at the end")
        equal(folder.rows("SELECT count(*) FROM t")[0][0], account["committed"], "rows")


def a_second_signal_ends_at_once_and_loses_nothing():
    total = 30000
    # A sink that cannot be written to holds the drain open: its folder is missing.
    with Folder(CONFIG % (total, "20000/s", "sqlite", SQLITE)) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: received(address) > 2000)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        process.wait(timeout=120)
        assert process.returncode in (0, 128 + signal.SIGTERM, 128 + signal.SIGINT), \
            process.returncode
        code, out, err = folder.run("run", "--once", "--json")
        equal(code, 0, err)
        check_identity(json.loads(out)["pipelines"]["p"])
        equal(folder.rows("SELECT count(*) FROM t")[0][0], total, "rows")


def health_and_metrics_tell_the_account():
    with Folder(CONFIG % (0, "5000/s", "drop", "{}")) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: received(address) > 1000)
        equal(get(address, "/health/live")[0], 200, "live")
        equal(get(address, "/health/ready")[0], 200, "ready")
        detailed = json.loads(get(address, "/health/detailed")[1])
        check_identity(detailed["pipelines"]["p"]["accounting"])
        equal(detailed["adapters"]["gen"]["kind"], "source", "kind")
        equal(detailed["adapters"]["out"]["healthy"], True, "healthy")
        equal(detailed["backpressure"]["state"], "normal", "state")
        code, metrics = get(address, "/metrics")
        equal(code, 200, "metrics")
        contains(metrics, 'ingest_unaccounted_records{', "metrics")
        unaccounted = re.search(r'^ingest_unaccounted_records\{[^}]*\} (\S+)$', metrics, re.M)
        equal(float(unaccounted.group(1)), 0.0, "ingest_unaccounted_records")
        contains(metrics, 'outcome="committed"', "metrics")
        equal(get(address, "/nothing")[0], 404, "unknown path")
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        process.wait(timeout=120)
        equal(process.returncode, 0, "exit code")


def not_ready_while_a_sink_fails():
    config = CONFIG % (0, "1000/s", "sqlite", SQLITE.replace("./out.db", "./missing/out.db"))
    with Folder(config) as folder:
        code, _, err = folder.run("run", "--once")
        assert code in (2, 3), code
        contains(err, "missing", "message names the folder")


main([sigterm_drains_and_exits_0, a_second_signal_ends_at_once_and_loses_nothing,
      health_and_metrics_tell_the_account, not_ready_while_a_sink_fails])
