#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kafka sink where each record names its topic, against a real broker that would make any topic it is asked for:
each record goes where it says or is told why not, and no other one suffers from it."""
import json

from harness import Folder, contains, equal
import kafka_server

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    dlq_burst: off
    limits: { record_bytes: 4MiB }
    sources: { in: { use: file, config: { paths: [./in.jsonl] } } }
    sinks: { out: { use: kafka, retry: { max_attempts: 2, base: 10ms, cap: 20ms }, config: %s } }
"""
NAMES = ["eu", "us", "asia"]


def run(broker, values, topic, **more):
    """The account, and the letters by their original record."""
    text = CONFIG % json.dumps({"brokers": broker.address, "topic": topic, **more})
    with Folder(text, {"in.jsonl": b"".join(json.dumps(v).encode() + b"\n" for v in values)}) as folder:
        account = folder.run_once()
        code, out, err = folder.run("dlq", "sample", "-c", "sluice.yaml", "--limit", "100", "--json")
        equal(code, 0, err)
        return account, [json.loads(line) for line in out.splitlines()]


def ns(broker, topic):
    """Of what readers see that look at committed messages only, in their order."""
    consumer = broker.consumer("see-" + topic, **{"enable.partition.eof": True, "isolation.level": "read_committed"})
    found = []
    try:
        consumer.assign([kafka_server.confluent_kafka.TopicPartition(topic, 0, 0)])
        while True:
            message = consumer.poll(30)
            assert message is not None, "no answer about " + topic
            if message.error():
                equal(message.error().code(), kafka_server.confluent_kafka.KafkaError._PARTITION_EOF, str(message.error()))
                return found
            found.append(json.loads(message.value())["n"])
    finally:
        consumer.close()


def topics(broker):
    return {name for name in broker.admin.list_topics(timeout=30).topics if not name.startswith("__")}


def each_record_goes_where_it_says(broker):
    made = set()
    for kind, more in (("plain", {}), ("trans", {"transactional_id": "t-topics"}), ("keyed", {"key": "/n"})):
        for name in NAMES:
            broker.create("%s.%s" % (kind, name))
            made.add("%s.%s" % (kind, name))
        values = [{"n": n, "region": NAMES[n % 3]} for n in range(3000)]
        # Beside them what names no topic, and one that is not there.
        bad = ["a/b", "a b", "", "x" * 250, None, {"a": 1}, "\u0000", "no such", "missing", "missing"]
        for i, region in enumerate(bad):
            values.insert(100 * i, {"n": -1, "region": region})
        values.append({"n": -1})
        account, letters = run(broker, values, kind + ".{/region}", **more)
        equal((account["committed"], account["dead_lettered"]), (3000, len(bad) + 1), "%s: %s" % (kind, account))
        for i, name in enumerate(NAMES):
            equal(ns(broker, "%s.%s" % (kind, name)), list(range(i, 3000, 3)), kind + ", " + name)
        equal(topics(broker), made, "topics")
        details = [letter["detail"] for letter in letters]
        missing = [d for d in details if "there is no topic %s.missing" % kind in d]
        equal(len(missing), 2, "letters of the topic that is not there\n" + "\n".join(details))
        for detail in missing:
            contains(detail, "create it, or correct /topic", kind)
        equal(sum("is no name of a topic" in d for d in details), 5, "names that are none\n" + "\n".join(details))
        equal(sum("no text, number or boolean at /region" in d for d in details), 4, "nothing\n" + "\n".join(details))


def no_more_topics_than_allowed(broker):
    for i in range(5):
        broker.create("many.%d" % i)
    values = [{"n": n, "region": n % 5} for n in range(500)]
    account, letters = run(broker, values, "many.{/region}", max_topics=3)
    equal((account["committed"], account["dead_lettered"]), (300, 200), str(account))
    equal(account["reasons"], {"CONSTRAINT_VIOLATION": 200}, "reasons")
    contains(letters[0]["detail"], "one more than the 3 of /max_topics; raise it", "detail")
    # Names of no topic take no place for good.
    names = ["none%d" % i for i in range(2)] * 3
    values = [{"n": n, "region": region} for n, region in enumerate([*names, "0", "1", "2"])]
    account, _ = run(broker, values, "many.{/region}", max_topics=5)
    equal((account["committed"], account["dead_lettered"]), (3, 6), str(account))


def limits_are_those_of_each_topic(broker):
    for kind, more in (("size", {}), ("tsize", {"transactional_id": "t-size"})):
        broker.create(kind + ".small", **{"max.message.bytes": 2000})
        broker.create(kind + ".large", **{"max.message.bytes": 3000000})
        broker.create(kind + ".keys", **{"cleanup.policy": "compact"})
        sizes = [("small", 10), ("large", 2000000), ("small", 5000), ("large", 10), ("keys", 10), ("small", 20)]
        values = [{"n": n, "region": region, "x": "y" * size} for n, (region, size) in enumerate(sizes)]
        account, letters = run(broker, values, kind + ".{/region}", **more)
        equal((account["committed"], account["reasons"]), (4, {"TOO_LARGE": 1, "VALIDATION_FAIL": 1}), str(account))
        equal([ns(broker, "%s.%s" % (kind, name)) for name in ("small", "large", "keys")], [[0, 5], [1, 3], []], kind)
        details = "\n".join(letter["detail"] for letter in letters)
        contains(details, "topic %s.small" % kind, "too large")
        contains(details, "topic %s.keys is compacted" % kind, "without a key")


kafka_server.main([each_record_goes_where_it_says, no_more_topics_than_allowed, limits_are_those_of_each_topic],
                  "auto.create.topics.enable=true\n")
