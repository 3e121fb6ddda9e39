#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One of three sinks is dead under a steady load of half of what the pipeline could take: the other two
deliver all that is offered; when it is back it catches up in order. Its spool full, the source stops and
nothing is lost. kill -9 in the middle loses nothing either."""
import json
import os
import signal
import sqlite3
import urllib.request

from harness import SOAK, Folder, address_of, check_identity, equal, main, wait_for

RECORDS = 400000 if SOAK else 60000
CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: "127.0.0.1:0" }, drain_timeout: 120s }
pipelines:
  p:
    sources: { in: { use: generator, config: { count: %d, rate: %d } } }
    flow: { max_in_flight: 8MiB }
    sinks:
      a: { use: file, config: { path: ./a.jsonl } }
      b: { use: file, config: { path: ./b.jsonl } }
      c:
        use: sqlite
        config: { path: ./c.db, table: t, create: true, columns: { doc: "" }, exactly_once: false }
        spool: %s
        retry: { base: 50ms, cap: 200ms }
        breaker: { failures: 2, half_open_after: 300ms }
"""
# Far less than the records would take, with libraries and all; sanitizers hold on to what was freed.
MEMORY = int(os.environ.get("SLUICE_MEMORY_MIB", 400)) << 20


class Held:
    """Another process has the database of the third sink for itself."""

    def __init__(self, place):
        self.connection = sqlite3.connect(place.path / "c.db", isolation_level=None)
        self.connection.execute("pragma journal_mode = wal")
        self.connection.execute("create table if not exists t (doc)")
        self.connection.execute("begin immediate")

    def let_go(self):
        self.connection.execute("rollback")
        self.connection.close()


class Running:
    def __init__(self, place):
        self.process = place.start("run")
        self.address = address_of(self.process)

    def health(self):
        with urllib.request.urlopen("http://%s/health/detailed" % self.address, timeout=60) as answer:
            return json.loads(answer.read())

    def metric(self, name):
        with urllib.request.urlopen("http://%s/metrics" % self.address, timeout=60) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name):
                    return float(line.rsplit(" ", 1)[1])
        raise AssertionError("no metric " + name)

    def account(self):
        account = self.health()["pipelines"]["p"]["accounting"]
        check_identity(account)
        return account

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(), 0, "exit code")


def lines(place, name):
    with open(place.path / name, "rb") as file:
        return sum(1 for _ in file)


def documents(place, name):
    return [json.loads(line) for line in (place.path / name).read_bytes().splitlines()]


def half_of_capacity():
    with Folder(CONFIG % (RECORDS, 10000000, "0")) as place:
        code, out, err = place.run("run", "--once", "--json")
        equal(code, 0, "exit code\n" + err)
        return max(1000, int(RECORDS / json.loads(out.splitlines()[-1])["seconds"] / 2))


def check_all_there(place):
    expected = documents(place, "a.jsonl")
    equal(len(expected), RECORDS, "records of the first sink")
    equal(documents(place, "b.jsonl"), expected, "records of the second sink")
    rows = place.rows("select doc from t order by rowid", database="c.db")
    equal([json.loads(row[0]) for row in rows], expected, "records of the third sink, in order")


def the_others_deliver_all_and_it_catches_up_in_order():
    with Folder(CONFIG % (RECORDS, half_of_capacity(), "1GiB")) as place:
        held = Held(place)
        run = Running(place)
        wait_for(lambda: (place.path / "b.jsonl").exists() and lines(place, "b.jsonl") == RECORDS
                 and lines(place, "a.jsonl") == RECORDS, limit=240)
        wait_for(lambda: run.health()["adapters"]["c"]["breaker"] in ("open", "half_open"))
        wait_for(lambda: run.metric("ingest_circuit_state{tenant=\"default\",pipeline=\"p\",sink=\"c\"") > 0)
        wait_for(lambda: run.metric("ingest_spool_records") == RECORDS)
        account = run.account()
        equal(account["received"], RECORDS, "received: the source was not stopped")
        equal(account["in_flight"], RECORDS, "in flight: all of them wait for one sink")
        assert run.metric("process_resident_memory_bytes") < MEMORY, "memory is bounded"
        held.let_go()
        wait_for(lambda: run.account()["in_flight"] == 0, limit=240)
        equal(run.account()["committed"], RECORDS, "committed")
        wait_for(lambda: run.health()["adapters"]["c"]["breaker"] == "closed")
        run.end()
        check_all_there(place)


def a_full_spool_stops_the_source_and_nothing_is_lost():
    with Folder(CONFIG % (RECORDS, 10000000, "4MiB")) as place:
        held = Held(place)
        run = Running(place)
        wait_for(lambda: "spool" in str(run.health()["adapters"]["c"]["last_error"]))
        wait_for(lambda: run.health()["adapters"]["in"]["state"] == "waiting")
        account = run.account()
        assert 0 < account["received"] < RECORDS, account
        assert run.metric("ingest_spool_bytes") <= 4 << 20
        held.let_go()
        wait_for(lambda: run.account()["received"] == RECORDS and run.account()["in_flight"] == 0,
                 limit=240)
        run.end()
        check_all_there(place)


def what_is_in_the_spool_outlives_kill_9():
    with Folder(CONFIG % (RECORDS, 10000000, "1GiB")) as place:
        held = Held(place)
        run = Running(place)
        wait_for(lambda: run.metric("ingest_spool_records") > RECORDS // 3, limit=120)
        run.process.kill()
        run.process.wait()
        run = Running(place)
        account = run.account()
        assert account["received"] >= account["in_flight"] > 0, account
        held.let_go()
        wait_for(lambda: run.health()["adapters"]["in"]["state"] == "exhausted", limit=240)
        wait_for(lambda: run.account()["in_flight"] == 0, limit=240)
        run.end()
        # The files have no marks and may hold records twice; what went through the spool came in order.
        expected = {document["id"] for document in documents(place, "a.jsonl")}
        equal(len(expected), RECORDS, "different records of the first sink")
        rows = place.rows("select doc from t order by rowid", database="c.db")
        equal(len({json.loads(row[0])["id"] for row in rows}), RECORDS, "records of the third sink")


main([the_others_deliver_all_and_it_catches_up_in_order,
      a_full_spool_stops_the_source_and_nothing_is_lost, what_is_in_the_spool_outlives_kill_9])
