#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three processes of one consumer group, from Kafka to PostgreSQL, while processes are killed, stopped past
their session, added and taken away, the broker and the database restarted and connections cut at random.

At the end every record has its row, in exactly-once mode exactly one, the group has committed all of it and
each account closes. Two minutes in all; an hour with SLUICE_SOAK=1, any time with SLUICE_GROUP_SECONDS.
The seed is printed; SLUICE_SEED repeats the sequence of events, not their effect.
"""
import contextlib
import json
import os
import random
import signal
import threading
import time
import urllib.request

from harness import SOAK, Folder, address_of, check_identity, equal, wait_for
import kafka_server
import postgres_server
from proxy import Proxy

SECONDS = float(os.environ.get("SLUICE_GROUP_SECONDS", 1800 if SOAK else 50))
SEED = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 32)))
PARTITIONS = 12
RATE = 2000  # records a second
SESSION = 6
MOST = 5  # processes

CONFIG = """
runtime:
  state: { dir: ./state-%(name)s }
  admin: { listen: "127.0.0.1:0" }
pipelines:
  p:
    sources:
      in:
        use: kafka
        config: { brokers: "%(broker)s", topics: [%(topic)s], group_id: %(topic)s, session_timeout: %(session)ds }
    transform: ./twice.lua
    sinks:
      out:
        use: postgres
        batch: { records: 500 }
        retry: { base: 50ms, cap: 1s, max_attempts: 1000 }
        breaker: { half_open_after: 500ms }
        config:
          dsn: "postgres://postgres@%(database)s/postgres?connect_timeout=2"
          table: %(topic)s
          %(table)s
          statement_timeout: 10s
          columns: { n: { from: /n, type: bigint }, twice: { from: /twice, type: bigint } }
"""
SCRIPT = "function transform(r) r.twice = 2 * r.n return r end\n"


class Load(threading.Thread):
    """Offers records at a rate until it is told to end; `total` is what the broker has then."""

    def __init__(self, broker, topic):
        super().__init__(daemon=True)
        self.broker, self.topic = broker, topic
        self.ending, self.total, self.failure = threading.Event(), 0, None

    def run(self):
        try:
            while not self.ending.wait(0.5):
                first, self.total = self.total, self.total + RATE // 2
                # Waits for the broker where it is away.
                self.broker.produce(self.topic, [b'{"n":%d}' % n for n in range(first, self.total)],
                                    PARTITIONS, **{"message.timeout.ms": 120000})
        except BaseException as failure:
            self.failure = failure
            raise

    def end(self):
        self.ending.set()
        self.join()
        if self.failure is not None:
            raise self.failure
        return self.total


class Node:
    def __init__(self, group, name):
        self.group, self.name = group, name
        (group.folder.path / (name + ".yaml")).write_text(CONFIG % {**group.settings, "name": name})
        self.start()

    def start(self):
        self.process = self.group.folder.start("run", "-c", self.name + ".yaml")
        self.address = address_of(self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def leave(self):
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(120), 0, "exit code of " + self.name)

    def look(self):
        with urllib.request.urlopen("http://%s/health/detailed" % self.address, timeout=60) as answer:
            self.seen = json.load(answer)["pipelines"]["p"]["accounting"]
        return self.seen


class Group:
    def __init__(self, servers, folder, topic, table):
        self.servers, self.folder, self.topic = servers, folder, topic
        self.settings = {"broker": servers.kafka.address, "database": servers.proxy.address,
                         "topic": topic, "table": table, "session": SESSION}
        self.rng = random.Random(SEED)
        self.made = 0
        self.nodes = []
        for _ in range(3):
            self.add()

    # ---- what happens to it ---------------------------------------------------------------------

    def add(self):
        if len(self.nodes) < MOST:
            self.made += 1
            self.nodes.append(Node(self, "n%d" % self.made))

    def remove(self):
        if len(self.nodes) > 2:
            self.nodes.pop(self.rng.randrange(len(self.nodes))).leave()

    def kill_one(self):
        node = self.rng.choice(self.nodes)
        node.kill()
        node.start()

    def suspend_one(self):
        node = self.rng.choice(self.nodes)
        node.process.send_signal(signal.SIGSTOP)
        try:
            self.wait(SESSION + 2)
        finally:
            node.process.send_signal(signal.SIGCONT)

    def restart_broker(self):
        self.rng.choice((self.servers.kafka.stop, self.servers.kafka.kill))()
        self.servers.kafka.start()

    def restart_database(self):
        self.servers.postgres.stop()
        self.servers.postgres.start()

    def cut(self):
        self.servers.proxy.cut()

    def silence(self):
        self.servers.proxy.hold()
        try:
            self.wait(2)
        finally:
            self.servers.proxy.let_go()

    def wait(self, seconds):
        """Lets it go on for so long: time is what these events are made of."""
        threading.Event().wait(seconds)

    def trouble(self):
        began, count = time.monotonic(), {}
        kinds = [self.kill_one, self.suspend_one, self.add, self.remove, self.restart_broker,
                 self.restart_database, self.cut, self.silence]
        todo = []
        while time.monotonic() - began < SECONDS:
            if not todo:  # each of them, then in another order
                todo = self.rng.sample(kinds, len(kinds))
            event = todo.pop()
            event()
            count[event.__name__] = count.get(event.__name__, 0) + 1
            self.wait(self.rng.uniform(0.2, 2))
        return count

    # ---- what it comes to -----------------------------------------------------------------------

    def settled(self):
        kafka = self.servers.kafka
        return kafka.committed(self.topic, self.topic, PARTITIONS) == kafka.end_offsets(
            self.topic, PARTITIONS)

    def end(self):
        for node in self.nodes:
            # It may hold what others have read and written in its stead: after a silence, or because a
            # partition that came from one that left is read again from where this node knew it.
            wait_for(lambda: node.look()["in_flight"] == 0)
            check_identity(node.seen)
            equal(node.seen["dead_lettered"], 0, "letters")
            node.leave()


class Servers:
    def __init__(self, kafka, postgres):
        self.kafka, self.postgres = kafka, postgres
        self.proxy = Proxy(postgres.port)


@contextlib.contextmanager
def database():
    server = postgres_server.Server()
    try:
        server.start()
        yield server
    finally:
        server.stop()
        server.remove()


def survive(kafka, topic, table):
    """Every record has its row, and one only, whatever happens meanwhile."""
    kafka.create(topic, PARTITIONS)
    with database() as postgres, Folder("", {"twice.lua": SCRIPT}) as folder:
        postgres.query("CREATE TABLE %s (n bigint, twice bigint)" % topic)
        if "key" in table:
            postgres.query("ALTER TABLE %s ADD PRIMARY KEY (n)" % topic)
        servers = Servers(kafka, postgres)
        try:
            group = Group(servers, folder, topic, table)
            load = Load(kafka, topic)
            load.start()
            count = group.trouble()
            total = load.end()
            wait_for(group.settled, limit=180)
            group.end()
        finally:
            servers.proxy.close()
        rows = postgres.query("SELECT count(*), count(DISTINCT n), sum(n), sum(twice) FROM " + topic)[0]
        found = [int(number) for number in rows.split("|")]
        sums = total * (total - 1) // 2
        print("%s: %d records, %s" % (topic, total, ", ".join("%s %d" % one for one in sorted(count.items()))))
        equal(found, [total, total, sums, 2 * sums], "rows, different rows, sums")


def rows_by_key(kafka):
    survive(kafka, "upserted", "key: [/n]\n          exactly_once: false")


def exactly_once(kafka):
    survive(kafka, "appended", "mode: append")


if postgres_server.BIN is None:
    postgres_server.main([])
print("SLUICE_SEED=%d" % SEED, flush=True)
kafka_server.main([rows_by_key, exactly_once])
