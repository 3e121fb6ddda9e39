#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/runbook.md as it stands: each block of commands is run against a live process in which what the section is
about is the case (a breaker is open, records become dead letters, the rate limit is reached, somebody held it back),
and says what its section promises."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

from harness import SLUICE, TIMEOUT, Folder, address_of, contains, detailed, equal, free_port, main, wait_for

ROOT = pathlib.Path(os.environ["SLUICE_SOURCE_DIR"])
CONFIG = """
runtime:
  state: { dir: ./state }
  admin: { listen: "127.0.0.1:0" }
  plugin_dirs: ["%(shipped)s", "%(tests)s"]
pipelines:
  busy:
    sources: { third: { use: generator, config: { rate: 200/s } } }
    sinks: { again: { use: effects, order: none, config: { path: ./effects, retry: 10 } } }
  good:
    sources: { steady: { use: generator, config: { rate: 5000/s, bad_percent: 2, count: 100000000 }, priority: low } }
    schema: { file: ./orders.schema.json }
    flow: { rate: 500/s }
    dlq_burst: off
    sinks: { out: { use: drop } }
  cut_off:
    sources: { other: { use: generator, config: { rate: 100/s } } }
    sinks:
      pg:
        use: postgres
        spool: 64MiB
        retry: { base: 10ms, cap: 100ms }
        config:
          dsn: "postgres://nobody@127.0.0.1:%(closed)d/none?connect_timeout=1"
          table: t
          columns: { id: /id }
          exactly_once: false
"""
STRICT = (ROOT / "tests" / "bench" / "orders.schema.json").read_text()
# What is in the output of a block, by a part of the block.
SAYS = {
    "/health/ready": ('"check"', "sink pg is", '"unaccounted": 0', '"breaker": "open"'),
    "lag_seconds > 60": (),
    "ingest_(sink_seconds": ('ingest_sink_seconds_count{', 'ingest_transform_seconds_sum{', "ingest_queue_bytes{"),
    "{state, cause, way_out}": ('"good"', '"throttled"', "flow.rate"),
    'brownout?rate=0.1"     #': ('"state":"brownout"', '"rate":0.1', '"resumed":[]'),
    "burst?multiplier=2": ('ingest_backlog_records{', '"multiplier":2', '"multiplier":null'),
    "sluice offsets show": ('"steady"', '"way_out"'),
    "dlqtriage analyze": ("SCHEMA_DRIFT", "SCHEMA_DRIFT"),
    "--dry-run": ("would pass", "redrive 1: done", "committed"),
    "--older-than 7": ("SCHEMA_DRIFT",),
    "rate, transitions": ('"transitions"', '"throttled"'),
    'breaker == "open"': ('"key": "pg"', "pg"),
    "ingest_retry_total": ('ingest_retry_total{', 'sink="again"'),
}


def blocks():
    """The commands of each block, in the order of the page."""
    text = (ROOT / "docs" / "runbook.md").read_text()
    found = re.findall(r"^( *)```sh\n(.*?)^ *```$", text, re.M | re.S)
    assert found and len(found) == text.count("```sh"), "a block that is not understood"
    return [body for _, body in found if not body.startswith("export")]


def expected_of(block):
    found = [said for part, said in SAYS.items() if part in block]
    assert found, "no case says what comes of this block:\n" + block
    return [line for said in found for line in said]


def run(folder, block, address):
    tools = str(pathlib.Path(SLUICE).resolve().parent)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block], cwd=folder.path, capture_output=True, text=True, timeout=TIMEOUT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": tools + ":" + os.environ["PATH"], "A": "http://" + address,
             "SLUICE_ADMIN_URL": "http://" + address})
    equal(done.returncode, 0, "exit code of\n%s%s%s" % (block, done.stdout, done.stderr))
    return done.stdout + done.stderr


def repair(folder, address, schema):
    """As somebody who edits the schema."""
    before = detailed(address)["pipelines"]["good"]["schema"]
    (folder.path / "orders.schema.json").write_text(schema)
    wait_for(lambda: detailed(address)["pipelines"]["good"]["schema"] != before)


def metric(address, name, label=""):
    """Its values, added up."""
    with urllib.request.urlopen("http://%s/metrics" % address, timeout=30) as answer:
        found = re.findall(r"^%s\{[^}]*%s[^}]*\} (\S+)" % (name, label), answer.read().decode(), re.M)
    return sum(map(float, found))


def drifted(address):
    return metric(address, "ingest_dlq_total", 'reason="SCHEMA_DRIFT"')


def every_block_does_what_it_says():
    shipped = pathlib.Path(SLUICE).resolve().parent.parent / "lib" / "sluice" / "plugins"
    with Folder(CONFIG % {"closed": free_port(), "shipped": shipped,
                          "tests": os.environ["SLUICE_TEST_PLUGINS"]},
                {"orders.schema.json": STRICT}) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: detailed(address)["adapters"]["pg"]["breaker"] == "open")
        wait_for(lambda: detailed(address)["pipelines"]["good"]["state"] == "throttled")
        wait_for(lambda: drifted(address))
        for name in ("ingest_retry_total", "ingest_backlog_records"):
            wait_for(lambda: metric(address, name))
        for block in blocks():
            # The breaker is half open for a moment now and then.
            wait_for(lambda: detailed(address)["adapters"]["pg"]["breaker"] == "open")
            wait_for(lambda: detailed(address)["pipelines"]["good"]["state"] == "throttled")
            if "dlqtriage redrive" in block:
                repair(folder, address, "{}")
            said = run(folder, block, address)
            for part in expected_of(block):
                contains(said, part, "what comes of\n" + block)
            if "dlqtriage redrive" in block:
                repair(folder, address, STRICT)
                seen = drifted(address)
                wait_for(lambda: drifted(address) > seen)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(120), 0, "exit code, with a sink away and its records in the spool")


for tool in ("bash", "curl", "jq"):
    if shutil.which(tool) is None:
        print("skipped: the runbook's commands need %s; install it" % tool)
        sys.exit(77)
main([every_block_does_what_it_says])
