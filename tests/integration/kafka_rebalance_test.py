#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A consumer group that changes all the time: what stays with a process goes on, and nothing is committed that is
not written. The commits are read where the brokers keep them, in __consumer_offsets.
"""
import sqlite3
import signal
import struct

from harness import Folder, address_of, detailed, equal, wait_for
import kafka_server

PARTITIONS = 6
SCRIPT = "function transform(r, meta) return { n = r.n, lane = meta.lane, position = meta.position } end\n"
CONFIG = """
runtime:
  state: { dir: ./state-%(node)s }
  admin: { listen: "127.0.0.1:0" }
  drain_timeout: 2s
pipelines:
  p:
    sources:
      in:
        use: kafka
        config: { brokers: "%(broker)s", topics: [%(topic)s], group_id: %(topic)s, session_timeout: %(session)s,
                  assignment: %(assignment)s, commit: interval, commit_interval: 50ms%(more)s }
    transform: ./script.lua
    sinks:
      out:
        use: sqlite
        batch: { linger: 5ms }
        retry: { base: 20ms, cap: 100ms, max_attempts: 1000 }
        breaker: { half_open_after: 100ms }
        config: { path: ./%(node)s.db, table: rows, create: true, exactly_once: false, key: [/lane, /position],
                  columns: { lane: /lane, position: { from: /position, type: bigint }, n: { from: /n, type: bigint } } }
"""


class Members:
    """Processes of one group, each with a database of its own."""

    def __init__(self, broker, folder, topic, session="6s", assignment="cooperative-sticky"):
        self.broker, self.folder, self.topic, self.made = broker, folder, topic, 0
        self.values = {"broker": broker.address, "topic": topic, "session": session, "assignment": assignment,
                       "more": ""}

    def start(self, node, **values):
        (self.folder.path / (node + ".yaml")).write_text(CONFIG % {**self.values, "node": node, **values})
        process = self.folder.start("run", "-c", node + ".yaml")
        process.admin = address_of(process)
        return process

    def produce(self, count):
        """`count` records in each partition."""
        first, self.made = self.made, self.made + count * PARTITIONS
        self.broker.produce(self.topic, [b'{"n":%d}' % n for n in range(first, self.made)], PARTITIONS)

    def rows(self, *nodes):
        """Positions that are written, by partition."""
        found = {p: set() for p in range(PARTITIONS)}
        for node in nodes:
            path = self.folder.path / (node + ".db")
            if not path.exists():
                continue
            with sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=30) as connection:
                if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'rows'").fetchall():
                    continue
                for lane, position in connection.execute("SELECT lane, position FROM rows"):
                    found[int(lane.rsplit("/", 1)[1])].add(position)
        return found

    def written(self, *nodes):
        return sum(len(positions) for positions in self.rows(*nodes).values())


def partitions_of(process):
    told = detailed(process.admin)["kafka"].get("in")
    return {p["partition"] for p in told["partitions"]} if told else set()


class Commits:
    """Reads the commits of a group as the brokers hold them, from the first on."""

    def __init__(self, broker, group):
        import confluent_kafka
        self.group, self.highest, self.generation = group, {}, None
        self.consumer = broker.consumer("watch-" + group)
        self.consumer.assign([confluent_kafka.TopicPartition("__consumer_offsets", 0, 0)])
        self.end = lambda: broker.end_offsets("__consumer_offsets")[0]
        self.at = 0

    def read(self):
        """The highest offset that was committed so far, by partition."""
        end = self.end()
        while self.at < end:
            message = self.consumer.poll(30)
            assert message is not None and message.error() is None, message
            self.at = message.offset() + 1
            self.take(message.key(), message.value())
        return dict(self.highest)

    def take(self, key, value):
        # Key: version, group, topic, partition; value: version, offset, and more. In version 2 it is about the
        # group itself: its name; version, kind, generation, and more.
        version = struct.unpack_from(">h", key)[0] if key is not None and value is not None else -1
        if version == 2 and key[4:].decode() == self.group:
            self.generation, = struct.unpack_from(">i", value, 4 + struct.unpack_from(">h", value, 2)[0])
        if version not in (0, 1):
            return
        at, names = 2, []
        for _ in range(2):
            size = struct.unpack_from(">h", key, at)[0]
            names.append(key[at + 2:at + 2 + size].decode())
            at += 2 + size
        if names[0] == self.group:
            partition, offset = struct.unpack_from(">i", key, at)[0], struct.unpack_from(">hq", value)[1]
            self.highest[partition] = max(offset, self.highest.get(partition, 0))


def settled_below(positions):
    """The offset up to which everything is written."""
    at = 0
    while at in positions:
        at += 1
    return at


def what_stays_goes_on(broker):
    """While a change of the group hangs, for a member that does not answer, nobody waits for it."""
    topic = "stays"
    broker.create(topic, PARTITIONS)

    def state():
        try:
            return broker.admin.list_groups(topic, 10)[0].state
        except (IndexError, kafka_server.confluent_kafka.KafkaException):
            return "not there yet"
    with Folder("", {"script.lua": SCRIPT}) as folder:
        # So that nothing but the test ends the wait: a member that is silent is believed for minutes.
        members = Members(broker, folder, topic, session="5m")
        first, silent = members.start("a"), members.start("b")
        for i in range(3):
            wait_for(lambda: state() == "Stable" and
                     [len(partitions_of(p)) for p in (first, silent)] == [PARTITIONS // 2] * 2, limit=120)
            silent.send_signal(signal.SIGSTOP)
            new = members.start("c%d" % i)
            wait_for(lambda: state() == "PreparingRebalance")
            members.produce(20)
            stays = partitions_of(first)
            assert stays, "nothing stays with the first"
            ends = broker.end_offsets(topic, PARTITIONS)

            def goes_on():
                rows = members.rows("a")
                return all(ends[p] - 1 in rows[p] for p in stays)
            wait_for(goes_on)
            equal((state(), partitions_of(first)), ("PreparingRebalance", stays), "the group meanwhile")
            silent.send_signal(signal.SIGCONT)
            wait_for(lambda: partitions_of(new), limit=120)
            new.send_signal(signal.SIGTERM)
            equal(new.wait(120), 0, "exit code of the new one")
        wait_for(lambda: members.written("a", "b", "c0", "c1", "c2") == members.made)
        for process in (first, silent):
            process.send_signal(signal.SIGTERM)
            equal(process.wait(60), 0, "exit code")


def only_what_is_written_is_committed(broker):
    """Partitions are taken away while nothing can be written: what is committed then is what was written before."""
    topic = "commits"
    broker.create(topic, PARTITIONS)
    with Folder("", {"script.lua": SCRIPT}) as folder:
        members = Members(broker, folder, topic)
        nodes = ["a", "b"]
        running = {node: members.start(node) for node in nodes}
        commits = Commits(broker, topic)
        wait_for(lambda: sum(len(partitions_of(p)) for p in running.values()) == PARTITIONS)
        members.produce(50)
        wait_for(lambda: members.written(*nodes) == members.made)
        for i in range(3):
            locks = [sqlite3.connect(folder.path / (node + ".db"), isolation_level=None, timeout=30) for node in "ab"]
            for lock in locks:
                lock.execute("BEGIN EXCLUSIVE")
            before = {p: set() for p in range(PARTITIONS)}
            for lock in locks:
                for lane, position in lock.execute("SELECT lane, position FROM rows"):
                    before[int(lane.rsplit("/", 1)[1])].add(position)
            members.produce(50)
            new = "c%d" % i
            third = members.start(new)
            wait_for(lambda: partitions_of(third), limit=120)  # taken from those that can settle nothing
            found = commits.read()
            others = [node for node in nodes if node not in "ab"] + [new]
            now = members.rows(*others)
            for partition, offset in found.items():
                limit = settled_below(before[partition] | now[partition])
                assert offset <= limit, "partition %d: %d is committed, written is up to %d" % (partition, offset, limit)
            for lock in locks:
                lock.execute("ROLLBACK")
                lock.close()
            nodes.append(new)
            wait_for(lambda: members.written(*nodes) >= members.made, limit=120)
            third.send_signal(signal.SIGTERM)
            equal(third.wait(60), 0, "exit code of " + new)
        everything = members.rows(*nodes)
        ends = broker.end_offsets(topic, PARTITIONS)
        equal([everything[p] for p in range(PARTITIONS)], [set(range(end)) for end in ends], "rows")
        wait_for(lambda: [commits.read().get(p) for p in range(PARTITIONS)] == ends)
        for process in running.values():
            process.send_signal(signal.SIGTERM)
            equal(process.wait(60), 0, "exit code")


def instances_that_come_back_move_nothing(broker):
    """Static membership: whoever has a name of its own is waited for, and until its session is over nobody takes
    its partitions, nor does the group share them anew."""
    topic = "static"
    broker.create(topic, PARTITIONS)
    with Folder("", {"script.lua": SCRIPT}) as folder:
        members = Members(broker, folder, topic, session="20s")
        commits = Commits(broker, topic)

        def start(node):
            return members.start(node, more=", group_instance_id: %s-%s" % (topic, node))

        def generation():
            commits.read()
            return commits.generation
        running = {node: start(node) for node in "ab"}
        wait_for(lambda: [len(partitions_of(p)) for p in running.values()] == [PARTITIONS // 2] * 2, limit=120)
        members.produce(20)
        wait_for(lambda: members.written("a", "b") == members.made)
        shared, had = generation(), {node: partitions_of(p) for node, p in running.items()}
        for node, number in (("a", signal.SIGTERM), ("b", signal.SIGTERM), ("a", signal.SIGKILL), ("b", signal.SIGKILL)):
            other = "b" if node == "a" else "a"
            running[node].send_signal(number)
            running[node].wait(60)
            members.produce(20)
            ends = broker.end_offsets(topic, PARTITIONS)
            # What the other has does not stop, and what the one has waits for it.
            wait_for(lambda: all(ends[p] - 1 in members.rows(other)[p] for p in had[other]))
            equal(partitions_of(running[other]), had[other], "partitions of " + other)
            running[node] = start(node)
            wait_for(lambda: members.written("a", "b") == members.made)
            equal({n: partitions_of(p) for n, p in running.items()}, had, "partitions after %s of %s" % (number, node))
            equal(generation(), shared, "generation after %s of %s" % (number, node))
        rows = {node: members.rows(node) for node in "ab"}
        assert not any(rows["a"][p] and rows["b"][p] for p in range(PARTITIONS)), "a partition was with both"
        for process in running.values():
            process.send_signal(signal.SIGTERM)
            equal(process.wait(60), 0, "exit code")


def a_name_that_two_use_and_one_that_stays_away(broker):
    topic = "fenced"
    broker.create(topic, PARTITIONS)
    with Folder("", {"script.lua": SCRIPT}) as folder:
        members = Members(broker, folder, topic)
        same = ", group_instance_id: same"
        first = members.start("a", more=", group_instance_id: other")
        older = members.start("b", more=same)
        wait_for(lambda: [len(partitions_of(p)) for p in (first, older)] == [PARTITIONS // 2] * 2, limit=120)
        members.produce(20)
        wait_for(lambda: members.written("a", "b") == members.made)
        newer = members.start("c", more=same)
        wait_for(lambda: any("another process runs with the same /group_instance_id" in line for line in older.log))
        wait_for(lambda: "/group_instance_id" in str(detailed(older.admin)["adapters"]["in"]["last_error"]))
        older.send_signal(signal.SIGTERM)
        equal(older.wait(60), 2, "exit code of the one that was thrown out")
        wait_for(lambda: len(partitions_of(newer)) == PARTITIONS // 2)
        members.produce(20)
        wait_for(lambda: members.written("a", "b", "c") == members.made)
        # It does not come back within its session: then it is a member no more.
        newer.kill()
        newer.wait()
        members.produce(20)
        wait_for(lambda: len(partitions_of(first)) == PARTITIONS)
        wait_for(lambda: members.written("a", "b", "c") == members.made)
        first.send_signal(signal.SIGTERM)
        equal(first.wait(60), 0, "exit code")


kafka_server.main([what_stays_goes_on, only_what_is_written_is_committed, instances_that_come_back_move_nothing,
                   a_name_that_two_use_and_one_that_stays_away])
