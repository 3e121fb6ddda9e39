#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kafka source in the whole program against a real broker: nothing lost whatever is killed, a group
that shares a topic, what goes wrong and what is said of it."""
import json
import os
import pathlib
import re
import signal

from harness import SLUICE, Folder, address_of, check_identity, contains, detailed, equal, wait_for
import kafka_server

ROOT = pathlib.Path(os.environ["SLUICE_SOURCE_DIR"])
PLUGIN = pathlib.Path(SLUICE).resolve().parent.parent / "lib/sluice/plugins/source-kafka.so"
RECORDS = int(os.environ.get("SLUICE_KAFKA_RECORDS", 100_000))

CONFIG = """
runtime: { state: { dir: ./%(state)s }, admin: { listen: %(listen)s } }
pipelines:
  p:
    sources: { in: { use: kafka, config: %(source)s } }
    %(more)s
    sinks: { out: %(sink)s }
"""
FILE = '{ use: file, config: { path: "%s" } }'


def config(source, sink="{ use: drop }", listen="off", state="state", more=""):
    return CONFIG % {"source": json.dumps(source), "sink": sink, "listen": listen, "state": state,
                     "more": more}


def source_of(broker, topic, **more):
    return {"brokers": broker.address, "topics": [topic], "group_id": "g-" + topic,
            "session_timeout": "6s", **more}


def numbers(first, last):
    return [b'{"n":%d}' % n for n in range(first, last)]


def written(path):
    """The values of n in a file of lines, in their order."""
    if not path.exists():
        return []
    return [json.loads(line)["n"] for line in path.read_bytes().splitlines() if line.endswith(b"}")]


def conformance(broker):
    broker.create("kit", 2)
    broker.produce("kit", numbers(0, 120), 2)
    good = source_of(broker, "kit", group_id="kit${DIR}", session_timeout="1s")
    fixture = {
        "component": "kafka", "quirks": ["slow_start"], "valid": [good, {**good, "until": "end"}],
        "invalid": [
            {"config": {"topics": ["kit"]}, "pointer": ""},
            {"config": {**good, "brokers": ""}, "pointer": "/brokers"},
            {"config": {**good, "topics": []}, "pointer": "/topics"},
            {"config": {**good, "topics": ["no such"]}, "pointer": "/topics/0"},
            {"config": {**good, "librdkafka": {"plugin.library.paths": "x"}},
             "pointer": "/librdkafka/plugin.library.paths"},
        ],
        "unopenable": [{**good, "brokers": "127.0.0.1:1"}, {**good, "topics": ["missing"]},
                       {**good, "librdkafka": {"no.such.property": 1}}]}
    with Folder("", {"fixture.json": json.dumps(fixture)}) as folder:
        code, out, err = folder.run("plugins", "conform", str(PLUGIN), "--fixture",
                                    str(folder.path / "fixture.json"))
    equal(code, 0, "exit code\n" + out + err)
    # A sanitizer opens files of its own, so one check is left out there.
    passed, skipped = re.search(r"(\d+) passed, 0 failed, (\d+) skipped", out).groups()
    equal((int(passed) + int(skipped), int(skipped) <= 1), (24, True), "checks\n" + out)


def all_to_the_file(broker):
    broker.create("all", 3)
    broker.produce("all", numbers(0, RECORDS), 3)
    sink = FILE % "./out.jsonl"
    with Folder(config(source_of(broker, "all", until="end"), sink)) as folder:
        account = folder.run_once()
        equal((account["received"], account["committed"]), (RECORDS, RECORDS), "account")
        equal(sorted(written(folder.path / "out.jsonl")), list(range(RECORDS)), "records")
        equal(broker.committed("g-all", "all", 3), broker.end_offsets("all", 3), "committed")
        equal(folder.run_once()["received"], 0, "received again")
        code, _, err = folder.run("run", "--once")
        contains(err, "To reprocess: sluice offsets reset --group g-all --topic all", "log")


def key_headers_time_and_tombstones(broker):
    script = """function transform(r, meta)
      r.key, r.trace, r.at, r.lane, r.position = meta.key, meta.headers.trace, meta.time, meta.lane, meta.position
      return r
    end"""
    for mode in ("skip", "dead_letter"):
        topic = "marks-" + mode
        broker.create(topic, 1, **{"retention.ms": -1})  # a record is old
        broker.produce(topic, [
            {"key": b"k1", "value": b'{"n":1}', "headers": [("trace", b"t1"), ("empty", None)],
             "timestamp": 1700000000123},
            {"key": b"k2", "value": None}, {"key": b"k3", "value": b""}])
        sink = FILE % "./out.jsonl"
        source = source_of(broker, topic, until="end", tombstone=mode)
        with Folder(config(source, sink, more="transform: t.lua"), {"t.lua": script}) as folder:
            account = folder.run_once()
            row = json.loads((folder.path / "out.jsonl").read_text())
            equal((row["key"], row["trace"], row["lane"], row["position"]),
                  ("k1", "t1", topic + "/0", 0), "meta")
            letters = 1 if mode == "skip" else 2  # an empty value is not JSON
            equal(account["dead_lettered"], letters, "letters")
            equal(broker.committed("g-" + topic, topic), [3], "committed")


def kill_and_resume(broker):
    broker.create("killed", 3)
    broker.produce("killed", numbers(0, RECORDS), 3)
    sink = FILE % "./out.jsonl"
    with Folder(config(source_of(broker, "killed", until="end"), sink)) as folder:
        for share in (0.1, 0.3, 0.6):
            process = folder.start("run", "--once")
            wait_for(lambda: len(written(folder.path / "out.jsonl")) > share * RECORDS or
                     process.poll() is not None)
            process.kill()
            process.communicate()
        account = folder.run_once()
        check_identity(account)
        found = written(folder.path / "out.jsonl")
        equal(sorted(set(found)), list(range(RECORDS)), "records")
        equal(broker.committed("g-killed", "killed", 3), broker.end_offsets("killed", 3), "committed")


def the_end_of_what_others_have(broker):
    """A finite run that has half of the partitions is not at its end while another member has the rest."""
    broker.create("halves", 2)
    broker.produce("halves", numbers(0, 1000), 2)
    other = broker.consumer("g-halves", **{"partition.assignment.strategy": "cooperative-sticky",
                                           "auto.offset.reset": "earliest"})
    other.subscribe(["halves"])
    wait_for(lambda: (other.poll(0.1), len(other.assignment()))[1] == 2)
    source = source_of(broker, "halves", until="end", session_timeout="45s")
    with Folder(config(source, FILE % "./a.jsonl", "127.0.0.1:0")) as folder:
        process = folder.start("run", "--once")
        address_of(process)
        wait_for(lambda: (other.poll(0.1), len(written(folder.path / "a.jsonl")))[1] == 500)
        wait_for(lambda: (other.poll(0.1), any("have 1 part" in line for line in process.log))[1])
        equal(process.poll(), None, "ended")
        other.close()
        equal(process.wait(60), 0, "exit code")
        equal(sorted(written(folder.path / "a.jsonl")), list(range(1000)), "records")
        equal(broker.committed("g-halves", "halves", 2), [500, 500], "committed")


def accounts(address):
    return detailed(address)["pipelines"]["p"]["accounting"]


def two_share_a_topic(broker):
    broker.create("shared", 4)
    nodes = []
    with Folder("") as folder:
        for name in "ab":
            (folder.path / (name + ".yaml")).write_text(config(
                source_of(broker, "shared"), FILE % ("./%s.jsonl" % name), "127.0.0.1:0", name))
        total = 0
        for name in "ab":
            process = folder.start("run", "-c", name + ".yaml")
            nodes.append((process, address_of(process)))
            total += 2000
            broker.produce("shared", numbers(total - 2000, total), 4)
            wait_for(lambda: union(folder) == set(range(total)))
        # Both take part: records come until each has some.
        def both():
            nonlocal total
            total += 4
            broker.produce("shared", numbers(total - 4, total), 4)
            return all(accounts(address)["received"] > 0 for _, address in nodes)
        wait_for(both)
        wait_for(lambda: union(folder) == set(range(total)))
        # One leaves in order, the other takes all.
        nodes[0][0].send_signal(signal.SIGTERM)
        equal(nodes[0][0].wait(60), 0, "exit code")
        broker.produce("shared", numbers(total, total + 2000), 4)
        total += 2000
        wait_for(lambda: union(folder) == set(range(total)))
        wait_for(lambda: broker.committed("g-shared", "shared", 4) == broker.end_offsets("shared", 4))
        check_identity(accounts(nodes[1][1]))
        found = written(folder.path / "a.jsonl") + written(folder.path / "b.jsonl")
        # A process that a busy machine keeps from being heard of in time has lost its partitions,
        # which then are read again.
        lost = any("without asking" in line for process, _ in nodes for line in process.log)
        if not lost:
            equal(len(found), total, "records, each once when nobody was killed")


def union(folder):
    return set(written(folder.path / "a.jsonl")) | set(written(folder.path / "b.jsonl"))


def broker_restart_in_the_middle(broker):
    broker.create("restarted", 2)
    broker.produce("restarted", numbers(0, 5000), 2)
    with Folder(config(source_of(broker, "restarted"), FILE % "./a.jsonl", "127.0.0.1:0")) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: union(folder) == set(range(5000)))
        broker.kill()
        wait_for(lambda: detailed(address)["adapters"]["in"]["state"] == "connecting")
        contains(detailed(address)["adapters"]["in"]["last_error"], "check /brokers", "error")
        broker.start()
        broker.produce("restarted", numbers(5000, 10000), 2)
        wait_for(lambda: union(folder) == set(range(10000)))
        wait_for(lambda: broker.committed("g-restarted", "restarted", 2) == [5000, 5000])
        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 0, "exit code")


def oversize_and_other_poison(broker):
    broker.create("poison", 1, **{"max.message.bytes": 4 << 20})
    values = [b'{"n":1}', b'{"n":2,"x":"' + b"y" * (3 << 20) + b'"}', b"not json", b'{"n":3}']
    broker.produce("poison", values, **{"message.max.bytes": 8 << 20, "compression.type": "lz4"})
    source = source_of(broker, "poison", until="end")
    with Folder(config(source, FILE % "./a.jsonl", more="limits: { record_bytes: 1MiB }")) as folder:
        account = folder.run_once()
        equal(account["reasons"], {"TOO_LARGE": 1, "PARSE_ERROR": 1}, "reasons")
        equal(written(folder.path / "a.jsonl"), [1, 3], "records")


def fails(source, *parts, code=3):
    """A run that ends without a record; the log says why and what to do."""
    # So long a finite run tries to reach what is away.
    text = config(source).replace("admin:", "drain_timeout: 3s, admin:")
    with Folder(text) as folder:
        found, _, err = folder.run("run", "--once")
        equal(found, code, "exit code\n" + err)
        for part in parts:
            contains(err, part, "log")


def what_is_said_of_mistakes(broker):
    broker.create("there")
    fails(source_of(broker, "missing", until="end"), "there is no topic missing", "correct /topics")
    away = {**source_of(broker, "there", until="end"), "brokers": "127.0.0.1:1"}
    fails(away, "no broker of 127.0.0.1:1 answers", "check /brokers")
    fails(source_of(broker, "there", until="end", auto_offset_reset="none"),
          "has no committed offset for there/0", "choose auto_offset_reset", code=2)
    sasl = {**source_of(broker, "there", until="end"), "brokers": broker.sasl_address,
            "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN",
            "sasl_username": "ingest"}
    fails({**sasl, "sasl_password": "wrong"}, "check /sasl_mechanism, /sasl_username", code=2)
    broker.produce("there", numbers(0, 10))
    with Folder(config({**sasl, "sasl_password": "right-password"})) as folder:
        equal(folder.run_once()["committed"], 10, "with the right password")


def offset_out_of_range(broker):
    broker.create("short", 1, **{"segment.bytes": 1 << 20})
    broker.produce("short", numbers(0, 100))
    broker.commit("g-short", "short", [5000])
    fails(source_of(broker, "short", until="end", auto_offset_reset="none"),
          "offset 5000, where group g-short goes on, is not there", "--to earliest", code=2)
    with Folder(config(source_of(broker, "short", until="end"))) as folder:
        equal(folder.run_once()["committed"], 100, "from the earliest")
    equal(broker.committed("g-short", "short"), [100], "committed")


def latest_and_a_crash_before_the_first_commit(broker):
    broker.create("latest", 1)
    broker.produce("latest", numbers(0, 10))
    source = source_of(broker, "latest", auto_offset_reset="latest")
    with Folder(config(source, FILE % "./a.jsonl")) as folder:
        process = folder.start("run")
        # Where it starts is committed before anything was read.
        wait_for(lambda: broker.committed("g-latest", "latest") == [10])
        process.kill()
        process.communicate()
        broker.produce("latest", numbers(10, 20))
        process = folder.start("run")
        wait_for(lambda: written(folder.path / "a.jsonl") == list(range(10, 20)))
        process.kill()
        process.communicate()


def a_deleted_topic(broker):
    broker.create("deleted")
    broker.create("kept")
    source = {**source_of(broker, "deleted"), "topics": ["deleted", "^kep."],
              "librdkafka": {"topic.metadata.refresh.interval.ms": 500}}
    broker.produce("deleted", numbers(0, 10))
    with Folder(config(source, FILE % "./a.jsonl", "127.0.0.1:0")) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: len(written(folder.path / "a.jsonl")) == 10)
        broker.delete("deleted")
        broker.produce("kept", numbers(10, 20))
        wait_for(lambda: sorted(written(folder.path / "a.jsonl")) == list(range(20)))
        equal(detailed(address)["adapters"]["in"]["state"], "ok", "state")
        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 0, "exit code")


def the_shipped_example(broker):
    broker.create("example")
    broker.produce("example", numbers(0, 10))
    example = ROOT / "plugins/sources/kafka/examples/kafka.yaml"
    env = {"KAFKA_BOOTSTRAP_SERVERS": broker.sasl_address, "KAFKA_TOPIC": "example",
           "KAFKA_CONSUMER_GROUP_PREFIX": "fleet", "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
           "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "ingest",
           "KAFKA_SASL_PASSWORD": "right-password", "KAFKA_INGEST_CONSUMER_COMMIT_ASYNC": "false",
           "KAFKA_INGEST_CONSUMER_PUBLISH_LAG": "true", "ADMIN_LISTEN": "off"}
    with Folder(example.read_text()) as folder:
        process = folder.start("run", env=env)
        wait_for(lambda: broker.committed("fleet-kafka-main", "example") == [10])
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
        contains(err.decode(), "lag of group fleet-kafka-main", "log")
        equal(process.returncode, 0, "exit code")


def until_a_time_and_an_offset(broker):
    broker.create("until", 1, **{"retention.ms": -1})  # the records are old
    broker.produce("until", [{"value": b'{"n":%d}' % n, "timestamp": 1700000000000 + 1000 * n}
                             for n in range(100)])
    for until, count in (("2023-11-14T22:13:50Z", 30), (70, 70), ("end", 100)):
        with Folder(config(source_of(broker, "until", until=until, group_id="u%d" % count))) as folder:
            equal(folder.run_once()["committed"], count, "until %s" % until)


def when_offsets_are_committed(broker):
    for i, mode in enumerate(({"commit": "interval", "commit_interval": "50ms"},
                              {"commit": "auto"}, {"commit_async": False}, {"auto_commit": True},
                              {"commit_on_publish": False, "assignment": "range"})):
        topic = "modes%d" % i
        broker.create(topic, 2)
        broker.produce(topic, numbers(0, 1000), 2)
        with Folder(config(source_of(broker, topic, until="end", **mode))) as folder:
            equal(folder.run_once()["committed"], 1000, str(mode))
        equal(broker.committed("g-" + topic, topic, 2), [500, 500], str(mode))


kafka_server.main([
    conformance, all_to_the_file, key_headers_time_and_tombstones, kill_and_resume,
    the_end_of_what_others_have, two_share_a_topic, oversize_and_other_poison, what_is_said_of_mistakes, offset_out_of_range,
    latest_and_a_crash_before_the_first_commit, the_shipped_example, until_a_time_and_an_offset,
    when_offsets_are_committed, a_deleted_topic, broker_restart_in_the_middle])
