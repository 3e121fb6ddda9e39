#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dead letters in a Kafka topic: a real broker, nodes with state folders of their own, `sluice dlq` over them from
a machine that has neither, kills in between, and what other tools see of the topic."""
import json

from harness import Folder, contains, equal, wait_for
import kafka_server
from kafka_server import confluent_kafka

CONFIG = """\
runtime: { state: { dir: ./state, dead_letters: "kafka://%s/%s" }, admin: { listen: off }, drain_timeout: 2s }
pipelines:
  %s:
    sources: { in: { use: file, config: { paths: [./in.jsonl] } } }
    transform: script.lua
    dlq_burst: off
    sinks: { out: { use: file, config: { path: ./out.jsonl } } }
"""
REFUSES = 'function transform(r) if r.n % 2 == 1 then return sluice.reject("odd", "odd") end return r end'
TAKES = "function transform(r) return r end"
MANY = 400


def node(broker, topic, name, script=REFUSES):
    lines = "".join('{"n":%d}\n' % n for n in range(MANY))
    return Folder(CONFIG % (broker.address, topic, name), {"in.jsonl": lines, "script.lua": script})


def dlq(folder, *args, code=0):
    found, out, err = folder.run("dlq", *args, "--json")
    equal(found, code, "exit code of dlq %s; it said:\n%s" % (args, err))
    return json.loads(out) if out.strip() else None


def total(folder, *args):
    return dlq(folder, "summary", *args)["total"]


def run_once(folder, name):
    code, out, err = folder.run("run", "--once", "--json")
    equal(code, 0, err)
    return json.loads(out.splitlines()[-1])["pipelines"][name], err


def numbers(folder):
    path = folder.path / "out.jsonl"
    return sorted(json.loads(line)["n"] for line in path.read_text().splitlines()) if path.exists() else []


def messages(broker, topic):
    """What lies in the topic, as another tool reads it."""
    consumer = broker.consumer("look-at-" + topic)
    partition = confluent_kafka.TopicPartition(topic, 0)
    try:
        low, end = consumer.get_watermark_offsets(partition, timeout=60)
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, low)])
        found = []
        while not found or found[-1].offset() + 1 < end:
            if low == end:
                return found, low, end
            message = consumer.poll(10)
            assert message is not None and message.error() is None, message and message.error()
            found.append(message)
        return found, low, end
    finally:
        consumer.close()


def nodes_share_a_topic_that_anybody_can_read(broker):
    with node(broker, "shared", "p") as one, node(broker, "shared", "q") as other:
        code, out, _ = one.run("dlq", "summary", "--json")
        equal(code, 2, "a topic that is not there yet: " + out)
        equal(run_once(one, "p")[0]["dead_lettered"], MANY // 2, "of the first node")
        equal(total(other), MANY // 2, "seen from a folder without state")
        assert not (other.path / "state").exists(), "looking left something behind"
        equal(run_once(other, "q")[0]["dead_lettered"], MANY // 2, "of the second node")
        equal(total(one), MANY, "of both")
        found, _, _ = messages(broker, "shared")
        equal(len(found), MANY, "messages")
        by_name = dict(found[0].headers())
        equal((found[0].value(), by_name["sluice.pipeline"], by_name["sluice.stage"]),
              (b'{"n":1}', b"p", b"transform"), "the first message")
        shown = json.loads(one.run("dlq", "show", found[0].key().decode(), "--full", "--json")[1])
        equal(shown["id"].encode(), found[0].key(), "found by its key")
        contains(one.run("dlq", "analyze")[1], "odd", "what they have in common")

        # What is no letter of ours is shown, and may be removed.
        broker.produce("shared", [{"key": b"k\xff", "value": b"not ours", "headers": [("h", b"1")]},
                                  {"key": b"x", "value": b"{}", "headers": [("sluice.letter", b"1"),
                                                                           ("sluice.part", b"many")]}])
        equal(total(one, "--reason", "UNKNOWN"), 2, "strays")
        contains(one.run("dlq", "sample", "--reason", "UNKNOWN")[1], "sluice.part", "what is wrong")
        equal(dlq(one, "purge", "--reason", "UNKNOWN", "--yes")["purged"], 2, "strays removed")
        equal(total(other), MANY, "left")


def redriven_killed_resumed_and_purged(broker):
    with node(broker, "again", "s") as one, node(broker, "again", "t") as other:
        run_once(one, "s")
        run_once(other, "t")
        (one.path / "script.lua").write_text(TAKES)
        equal(dlq(one, "redrive", "--pipeline", "s", "--dry-run")["outcomes"]["pass"], MANY // 2, "would pass")

        process = one.start("dlq", "redrive", "--pipeline", "s", "--rate", "100/s")
        wait_for(lambda: len(numbers(one)) > MANY // 2 and total(other, "--pipeline", "s") < MANY // 2)
        process.kill()
        process.communicate()
        left = total(one, "--pipeline", "s")
        assert 0 < left < MANY // 2, left
        equal(total(other, "--pipeline", "s"), left, "as another node sees it")
        plan = json.loads(one.run("dlq", "redrive", "--list", "--json", "--limit", "1")[1])
        equal((plan["state"], plan["left"]), ("running", left), "what the kill left")
        done = dlq(one, "redrive", "--resume", str(plan["id"]))
        equal((done["state"], done["left"], done["committed"]), ("done", 0, MANY // 2), "resumed")
        equal(sorted(set(numbers(one))), list(range(MANY)), "delivered at the end")

        # Purging asks, and moves the beginning of the topic; another node's letters stay until then.
        equal(total(other, "--pipeline", "t"), MANY // 2, "letters of the other")
        code, _, err = one.run("dlq", "purge", "--pipeline", "t", stdin=open("/dev/null"))
        equal(code, 1, err)
        contains(err, "deleted from the topic", "what it asks")
        equal(dlq(one, "purge", "--pipeline", "t", "--yes")["purged"], MANY // 2, "purged")
        found, low, end = messages(broker, "again")
        equal((low, len(found)), (end, 0), "what the topic holds")
        equal(total(other), 0, "left of the other")
        (one.path / "in.jsonl").open("a").write("not json\n")
        equal(run_once(one, "s")[0]["dead_lettered"], 1, "one more")
        equal(total(other), 1, "seen by the other")


def a_node_that_is_killed_loses_no_letter(broker):
    with node(broker, "killed", "p") as folder:
        for _ in range(4):
            process = folder.start("run", "--once")
            before = broker.end_offsets("killed")[0] if "killed" in broker.admin.list_topics(timeout=60).topics else 0
            wait_for(lambda: process.poll() is not None or
                     ("killed" in broker.admin.list_topics(timeout=60).topics
                      and broker.end_offsets("killed")[0] > before))
            process.kill()
            process.communicate()
        folder.run("run", "--once")
        equal(total(folder), MANY // 2, "letters, each once")
        equal(sorted(set(numbers(folder))), list(range(0, MANY, 2)), "delivered")


def what_keeps_too_little_is_told(broker):
    broker.create("short", **{"retention.ms": 3600000, "max.message.bytes": 2000, "cleanup.policy": "delete"})
    with node(broker, "short", "p") as folder:
        code, out, err = folder.run("check", "--connect")
        equal(code, 0, out + err)
        for text in ("not compacted", "keeps letters for 1h, less than dead_letters.keep (30d)", "max.message.bytes"):
            contains(out, text, "warnings")
        _, err = run_once(folder, "p")
        contains(err, "less than dead_letters.keep", "told at the start")
        equal(total(folder), MANY // 2, "kept all the same")
    with node(broker, "absent", "p") as folder:
        contains(folder.run("check", "--connect")[1], "it is made when a pipeline starts", "no topic")
        contains(folder.run("check")[1], "runtime.state.dead_letters", "without a broker")
    config = CONFIG.replace("kafka://%s/", "kafka://ingest:geheim@%s/") % (broker.address, "no/name", "p")
    with Folder(config, {"in.jsonl": "", "script.lua": TAKES}) as folder:
        code, out, err = folder.run("check")
        equal(code, 2, out + err)
        contains(out, "topic whose name", "an address that is none")
        assert "geheim" not in out + err + folder.run("config", "show")[1], out + err


def a_broker_that_is_away(broker):
    with node(broker, "away", "p") as folder:
        run_once(folder, "p")
        broker.stop()
        (folder.path / "in.jsonl").open("a").write("not json\n")
        code, _, err = folder.run("run", "--once")
        equal(code, 3, err)
        contains(err, broker.address, "which broker")
        broker.start()
        equal(run_once(folder, "p")[0]["dead_lettered"], 1, "once it is back")
        equal(total(folder), MANY // 2 + 1, "all of them")


kafka_server.main([nodes_share_a_topic_that_anybody_can_read, redriven_killed_resumed_and_purged,
                   a_node_that_is_killed_loses_no_letter, what_keeps_too_little_is_told, a_broker_that_is_away])
