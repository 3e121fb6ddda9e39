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
import urllib.request

from harness import SLUICE, Folder, address_of, check_identity, contains, equal, wait_for
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


kafka_server.main([conformance, all_in_order])
