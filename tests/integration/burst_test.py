#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A flood of dead letters pauses its source: a finite run ends with the cause and loses nothing, one
that goes on waits until somebody says so."""
import json
import signal
import urllib.request

from harness import Folder, address_of, check_identity, contains, equal, main, wait_for

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: "127.0.0.1:0" } }
pipelines:
  p:
    sources:
      in: { use: generator, config: { count: 100000, rate: 20000/s, bad_percent: 60 } }
    schema: { file: orders.schema.json }
    flow: { max_in_flight: 12MiB }
    sinks: { out: { use: drop } }
    dlq_burst: %s
"""
SCHEMA = '{"type": "object", "properties": {"customer": {"type": "integer"}}, "required": ["nothing"]}'


def folder(burst):
    return Folder(CONFIG % burst, {"orders.schema.json": SCHEMA})


def a_finite_run_ends_with_the_cause():
    with folder("{ cool_down: 1h }") as place:
        code, out, err = place.run("run", "--once", "--json")
        equal(code, 1, "exit code\n" + err)
        contains(err, "source in: a flood of dead letters: ", "cause")
        contains(err, "records became dead letters of SCHEMA_DRIFT", "cause")
        account = json.loads(out.splitlines()[-1])["pipelines"]["p"]
        check_identity(account)
        equal(account["in_flight"], 0, "in flight: what was under way is settled")
        assert account["received"] < 100000, account
        # The next run goes on behind what was settled.
        seen = account["received"]
        code, out, err = place.run("run", "--once", "--json")
        equal(code, 1, "exit code of the second run")
        seen += json.loads(out.splitlines()[-1])["pipelines"]["p"]["received"]
        letters = place.rows("select count(*), count(distinct id) from letters",
                             database="state/dead_letters.db")[0]
        equal(letters, (seen, seen), "every record received is a letter, once")


def one_that_goes_on_waits_for_a_word():
    with folder("{ cool_down: 1h }") as place:
        process = place.start("run")
        address = address_of(process)

        def health():
            with urllib.request.urlopen("http://%s/health/detailed" % address, timeout=60) as answer:
                return json.loads(answer.read())

        wait_for(lambda: health()["adapters"]["in"]["state"] == "paused")
        source = health()["adapters"]["in"]
        contains(source["last_error"], "became dead letters of SCHEMA_DRIFT", "cause in health")
        wait_for(lambda: health()["pipelines"]["p"]["accounting"]["in_flight"] == 0)
        before = health()["pipelines"]["p"]["accounting"]["received"]
        request = urllib.request.Request("http://%s/admin/resume" % address, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            equal(json.loads(answer.read()), {"pipelines": [], "resumed": ["in"]}, "answer")
        wait_for(lambda: health()["pipelines"]["p"]["accounting"]["received"] > before)
        with urllib.request.urlopen("http://%s/metrics" % address, timeout=60) as answer:
            contains(answer.read().decode(), "ingest_dlq_bursts_total{", "metric")
        process.send_signal(signal.SIGTERM)
        equal(process.wait(), 0, "exit code")


def switched_off_it_reads_to_the_end():
    with folder("off") as place:
        account = place.run_once()
        equal(account["dead_lettered"], 100000, "dead letters")


main([a_finite_run_ends_with_the_cause, one_that_goes_on_waits_for_a_word,
      switched_off_it_reads_to_the_end])
