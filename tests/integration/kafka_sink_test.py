#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kafka sink in the whole program against a real broker: what arrives, in which order and how often,
whatever happens to the broker meanwhile."""
import json
import os
import pathlib
import re
import signal
import struct

from harness import SLUICE, Folder, address_of, check_identity, contains, detailed, equal, wait_for
import kafka_server
from kafka_server import confluent_kafka

ROOT = pathlib.Path(os.environ["SLUICE_SOURCE_DIR"])
SINK = ROOT / "plugins/sinks/kafka"
PLUGIN = pathlib.Path(SLUICE).resolve().parent.parent / "lib/sluice/plugins/sink-kafka.so"
RECORDS = int(os.environ.get("SLUICE_KAFKA_RECORDS", 50_000))

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: %(listen)s }%(more)s }
pipelines:
  p:
    sources: { in: %(source)s }
    sinks: { out: { use: kafka, %(options)s config: %(sink)s } }
"""
FILE = "{ use: file, config: { paths: [./in.jsonl] } }"


def config(sink, source=FILE, listen="off", options="", more=""):
    return CONFIG % {"sink": json.dumps(sink), "source": source, "listen": listen, "options": options,
                     "more": more}


def sink_of(broker, topic, **more):
    return {"brokers": broker.address, "topic": topic, **more}


def lines(values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def numbers(first, last):
    return lines({"n": n, "k": "k%d" % (n % 7)} for n in range(first, last))


def messages(broker, topic, partitions=1, committed=True):
    """What a topic holds, each partition in its order."""
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": broker.address, "group.id": "read-" + topic, "log_level": 0,
        "enable.auto.commit": False, "enable.partition.eof": True, "auto.offset.reset": "earliest",
        "isolation.level": "read_committed" if committed else "read_uncommitted"})
    found, ended = [], set()
    try:
        consumer.assign([confluent_kafka.TopicPartition(topic, p, 0) for p in range(partitions)])
        while len(ended) < partitions:
            for message in consumer.consume(1000, 1.0):
                if message.error() is None:
                    found.append(message)
                elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
                else:
                    raise AssertionError(str(message.error()))
    finally:
        consumer.close()
    return found


def ns(found):
    return [json.loads(message.value())["n"] for message in found]


def conformance(broker):
    broker.create("kit", 3)
    fixture = (SINK / "fixture.json").read_text().replace("${BROKERS}", broker.address)
    with Folder("", {"fixture.json": fixture}) as folder:
        code, out, err = folder.run("plugins", "conform", str(PLUGIN), "--fixture",
                                    str(folder.path / "fixture.json"))
    equal(code, 0, "exit code\n" + out + err)
    # A sink without marks skips their three checks; under a sanitizer one more is left out.
    passed, skipped = re.search(r"(\d+) passed, 0 failed, (\d+) skipped", out).groups()
    equal((int(passed) + int(skipped), 3 <= int(skipped) <= 4), (22, True), "checks\n" + out)


def all_in_order(broker):
    broker.create("all", 3)
    sink = sink_of(broker, "all", key="/k")
    with Folder(config(sink), {"in.jsonl": numbers(0, RECORDS)}) as folder:
        account = folder.run_once()
        equal((account["received"], account["committed"]), (RECORDS, RECORDS), "account")
    found = messages(broker, "all", 3)
    equal(sorted(ns(found)), list(range(RECORDS)), "records, each once")
    places = {}
    for message in found:
        key, n = message.key().decode(), json.loads(message.value())["n"]
        equal(key, "k%d" % (n % 7), "key")
        partition, last = places.get(key, (message.partition(), -1))
        assert message.partition() == partition and n > last, "order of key %s: %d after %d" % (key, n, last)
        places[key] = (partition, n)
    # Where Java's clients would put them.
    equal({key: place[0] for key, place in places.items()},
          {key: murmur2(key.encode()) % 3 for key in places}, "partitions")


def murmur2(key):
    """The hash of Kafka's own partitioner, its sign taken away."""
    mask = 0xFFFFFFFF
    value = (0x9747B28C ^ len(key)) & mask
    for at in range(0, len(key) // 4 * 4, 4):
        k = struct.unpack("<I", key[at:at + 4])[0] * 0x5BD1E995 & mask
        k = (k ^ k >> 24) * 0x5BD1E995 & mask
        value = value * 0x5BD1E995 & mask ^ k
    rest = key[len(key) // 4 * 4:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & mask
    value = (value ^ value >> 13) * 0x5BD1E995 & mask
    return (value ^ value >> 15) & 0x7FFFFFFF



def kafka_to_kafka(broker):
    """Key, headers, time and tombstones, by the shipped example."""
    broker.create("in", 2, **{"retention.ms": -1})  # the records are old
    broker.create("out", 2, **{"retention.ms": -1})
    broker.produce("in", [
        {"key": b"a", "value": b'{"n":1}', "headers": [("trace", b"t1"), ("none", None), ("pipeline", b"x")],
         "timestamp": 1700000000123},
        {"key": b"a", "value": b'{"n":2}'}, {"key": b"b", "value": None}, {"value": b'{"n":3}'}])
    env = {"KAFKA_BOOTSTRAP_SERVERS": broker.sasl_address, "KAFKA_TOPIC": "in", "KAFKA_OUT_TOPIC": "out",
           "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN",
           "KAFKA_SASL_USERNAME": "ingest", "KAFKA_SASL_PASSWORD": "right-password", "ADMIN_LISTEN": "off"}
    with Folder((SINK / "examples/kafka_to_kafka.yaml").read_text()) as folder:
        process = folder.start("run", env=env)
        wait_for(lambda: sum(broker.end_offsets("out", 2)) == 4)
        process.send_signal(signal.SIGTERM)
        process.communicate()
        equal(process.returncode, 0, "exit code")
    found = {(m.key(), m.value()): m for m in messages(broker, "out", 2)}
    equal(sorted(map(str, found)), sorted(map(str, [
        (b"a", b'{"n":1}'), (b"a", b'{"n":2}'), (b"b", None), (None, b'{"n":3}')])), "messages")
    first = found[(b"a", b'{"n":1}')]
    equal(first.headers(), [("trace", b"t1"), ("none", None), ("pipeline", b"orders")], "headers")
    equal(first.timestamp(), (confluent_kafka.TIMESTAMP_CREATE_TIME, 1700000000123), "time")


def letters(folder):
    code, out, err = folder.run("dlq", "sample", "-c", "sluice.yaml", "--limit", "20", "--json")
    equal(code, 0, "exit code\n" + err)
    return [json.loads(line) for line in out.splitlines()]


def oversize_and_its_neighbours(broker):
    """Kafka refuses whole batches; only the record at fault becomes a letter, with the limit known and
    without."""
    values = [{"n": n, "x": "y" * (30000 if n == 50 else 10)} for n in range(100)]
    for name, more in (("known", {}), ("packed", {"compression": "zstd"})):
        broker.create(name, 1, **{"max.message.bytes": 20000})
        inside = [dict(v) for v in values]
        if more:  # what does not compress
            inside[50]["x"] = os.urandom(30000).hex()
        with Folder(config(sink_of(broker, name, **more)), {"in.jsonl": lines(inside)}) as folder:
            account = folder.run_once()
            equal((account["committed"], account["reasons"]), (99, {"TOO_LARGE": 1}), name)
            contains(letters(folder)[0]["detail"], "too_large: topic %s takes at most 20000 bytes" % name,
                     "detail")
        equal(ns(messages(broker, name)), [n for n in range(100) if n != 50], "neighbours, in their order")


def a_limit_that_was_lowered(broker):
    """Batches that were fine are refused as a whole: the culprit is found, the neighbours are written."""
    broker.create("lowered", 1, **{"max.message.bytes": 20000})
    values = [{"n": n, "x": "y" * (30000 if n == 50 else 10)} for n in range(100)]
    # The client is told more than the topic takes: as if that had been lowered since.
    sink = sink_of(broker, "lowered", librdkafka={"batch.size": 900000, "message.max.bytes": 900000})
    with Folder(config(sink), {"in.jsonl": lines(values)}) as folder:
        account = folder.run_once()
        equal((account["committed"], account["reasons"]), (99, {"TOO_LARGE": 1}), "account")
    equal(sorted(ns(messages(broker, "lowered"))), [n for n in range(100) if n != 50], "neighbours")


def compacted_topics_take_no_record_without_a_key(broker):
    broker.create("compacted", 1, **{"cleanup.policy": "compact"})
    values = [{"id": 1}, {"x": 2}, {"id": 3}]
    with Folder(config(sink_of(broker, "compacted", key="/id")), {"in.jsonl": lines(values)}) as folder:
        account = folder.run_once()
        equal((account["committed"], account["reasons"]), (2, {"VALIDATION_FAIL": 1}), "account")
    with Folder(config(sink_of(broker, "compacted")), {"in.jsonl": lines(values)}) as folder:
        equal(folder.run_once()["dead_lettered"], 3, "letters")
        contains(letters(folder)[0]["detail"], "topic compacted is compacted", "detail")


CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def codecs_of(folder, topic):
    """The codec and the count of records of each batch in the broker's own log: bits 0 to 2 of a batch's
    attributes."""
    found = []
    for segment in sorted((folder / "data" / (topic + "-0")).glob("*.log")):
        data = segment.read_bytes()
        at = 0
        while at + 61 <= len(data):
            size, = struct.unpack_from(">i", data, at + 8)
            attributes, = struct.unpack_from(">h", data, at + 21)
            count, = struct.unpack_from(">i", data, at + 57)
            found.append((CODECS[attributes & 7], count))
            at += 12 + size
    return found


def codecs_really_compress(broker):
    sizes = {}
    for codec in CODECS:
        topic = "codec-" + codec
        broker.create(topic, 1)
        with Folder(config(sink_of(broker, topic, compression=codec)), {"in.jsonl": numbers(0, 2000)}) as folder:
            equal(folder.run_once()["committed"], 2000, codec)
        found = codecs_of(broker.folder, topic)
        equal(sum(count for _, count in found), 2000, "records in the log of " + topic)
        # A batch that would not become smaller is sent as it is: the first may hold one record.
        packed = sum(count for name, count in found if name == codec)
        assert packed > 1900, "%s: %r" % (codec, found)
        sizes[codec] = sum(p.stat().st_size for p in (broker.folder / "data" / (topic + "-0")).glob("*.log"))
        equal(ns(messages(broker, topic)), list(range(2000)), "records of " + codec)
    assert all(sizes[codec] < sizes["none"] / 2 for codec in CODECS[1:]), sizes


def fails(sink, *parts, code=3):
    """A run that ends with nothing written; the log says why and what to do."""
    text = config(sink, more=", drain_timeout: 2s")
    with Folder(text, {"in.jsonl": numbers(0, 10)}) as folder:
        found, _, err = folder.run("run", "--once")
        equal(found, code, "exit code\n" + err)
        for part in parts:
            contains(err, part, "log")


def what_is_said_of_mistakes(broker):
    broker.create("there")
    fails(sink_of(broker, "missing"), "there is no topic missing", "correct /topic")
    fails({"brokers": "127.0.0.1:1", "topic": "there"}, "no broker of 127.0.0.1:1 answers", "check /brokers")
    fails(sink_of(broker, "there", partition=7), "topic there has 1 partitions", code=2)
    sasl = {"brokers": broker.sasl_address, "topic": "there", "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN", "sasl_username": "ingest"}
    fails({**sasl, "sasl_password": "wrong"}, "check /sasl_mechanism, /sasl_username", code=2)
    with Folder(config({**sasl, "sasl_password": "right-password"}), {"in.jsonl": numbers(0, 10)}) as folder:
        code, out, err = folder.run("check", "--connect")
        equal(code, 0, "check\n" + out + err)
        equal(folder.run_once()["committed"], 10, "with the right password")


def broker_restart_in_the_middle(broker):
    """Nothing lost, and nothing twice: what the client sends again the broker recognises."""
    broker.create("restarted", 1)
    source = "{ use: file, config: { paths: [./in.jsonl], follow: true } }"
    with Folder(config(sink_of(broker, "restarted"), source, "127.0.0.1:0", options="batch: { records: 200 },"),
                {"in.jsonl": numbers(0, 5000)}) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: broker.end_offsets("restarted")[0] >= 5000)
        with open(folder.path / "in.jsonl", "ab") as file:
            file.write(numbers(5000, 20000))
        wait_for(lambda: detailed(address)["pipelines"]["p"]["accounting"]["committed"] > 5000)
        broker.kill()
        with open(folder.path / "in.jsonl", "ab") as file:
            file.write(numbers(20000, 30000))
        broker.start()
        wait_for(lambda: detailed(address)["pipelines"]["p"]["accounting"]["committed"] == 30000, 120)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 0, "exit code")
    equal(ns(messages(broker, "restarted")), list(range(30000)), "records, each once and in order")


def a_broker_that_hangs(broker):
    """A write ends at its limit, the rest waits, a stop is no prisoner of it; what may have been written
    is written again."""
    broker.create("hung", 1)
    source = "{ use: file, config: { paths: [./in.jsonl], follow: true } }"
    sink = sink_of(broker, "hung", delivery_timeout="1s", connect_timeout="1s")
    options = "breaker: { failures: 2, half_open_after: 500ms },"
    text = config(sink, source, "127.0.0.1:0", options, ", drain_timeout: 2s")
    with Folder(text, {"in.jsonl": numbers(0, 100)}) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: detailed(address)["pipelines"]["p"]["accounting"]["committed"] == 100)
        broker.process.send_signal(signal.SIGSTOP)
        try:
            with open(folder.path / "in.jsonl", "ab") as file:
                file.write(numbers(100, 200))
            wait_for(lambda: "/delivery_timeout" in str(detailed(address)["adapters"]["out"]["last_error"]))
        finally:
            broker.process.send_signal(signal.SIGCONT)
        wait_for(lambda: detailed(address)["pipelines"]["p"]["accounting"]["committed"] == 200)
        broker.process.send_signal(signal.SIGSTOP)
        try:
            with open(folder.path / "in.jsonl", "ab") as file:
                file.write(numbers(200, 300))
            wait_for(lambda: detailed(address)["pipelines"]["p"]["accounting"]["received"] == 300)
            process.send_signal(signal.SIGTERM)
            equal(process.wait(60), 3, "exit code of a run that leaves records behind")
        finally:
            broker.process.send_signal(signal.SIGCONT)
    equal(sorted(set(ns(messages(broker, "hung"))))[:200], list(range(200)), "records")


def transactions(broker):
    broker.create("trans", 1, **{"max.message.bytes": 20000})
    values = [{"n": n, "x": "y" * (15000 if n == 500 else 10)} for n in range(1000)]
    values[300]["x"] = os.urandom(30000).hex()
    # The broker refuses one: its transaction is aborted, and the host finds it.
    sink = sink_of(broker, "trans", transactional_id="t1", compression="zstd")
    with Folder(config(sink), {"in.jsonl": lines(values)}) as folder:
        account = folder.run_once()
        equal((account["committed"], account["reasons"]), (999, {"TOO_LARGE": 1}), "account")
    equal(ns(messages(broker, "trans")), [n for n in range(1000) if n != 300], "committed, in order")
    aborted = len(messages(broker, "trans", committed=False)) - 999
    print("%d messages of aborted transactions, which read_committed does not see" % aborted)


def another_of_the_same_transactional_id(broker):
    broker.create("fenced", 1)
    source = "{ use: file, config: { paths: [./in.jsonl], follow: true } }"
    sink = sink_of(broker, "fenced", transactional_id="same")
    with Folder(config(sink, source, "127.0.0.1:0"), {"in.jsonl": numbers(0, 10)}) as first:
        process = first.start("run")
        address = address_of(process)
        wait_for(lambda: detailed(address)["pipelines"]["p"]["accounting"]["committed"] == 10)
        with Folder(config(sink), {"in.jsonl": numbers(10, 20)}) as second:
            equal(second.run_once()["committed"], 10, "the other")
        with open(first.path / "in.jsonl", "ab") as file:
            file.write(numbers(20, 30))
        # Fenced, it is made anew, which fences the other in turn: that one has ended.
        wait_for(lambda: detailed(address)["pipelines"]["p"]["accounting"]["committed"] == 20)
        wait_for(lambda: any("uses the same /transactional_id" in line for line in process.log))
        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 0, "exit code")
    equal(ns(messages(broker, "fenced")), list(range(30)), "records, each once")


kafka_server.main([
    conformance, all_in_order, kafka_to_kafka, oversize_and_its_neighbours, a_limit_that_was_lowered,
    compacted_topics_take_no_record_without_a_key, codecs_really_compress, what_is_said_of_mistakes,
    a_broker_that_hangs, transactions, another_of_the_same_transactional_id, broker_restart_in_the_middle])
