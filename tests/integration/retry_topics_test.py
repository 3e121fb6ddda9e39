#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records that a sink takes later wait in retry topics of a real broker: each in its tier, no shorter than its
delay, over kills and a second process, with every record accounted for. On a shortened clock: seconds for minutes.
"""
import base64
import json
import os
import pathlib
import signal

from harness import SLUICE, Folder, address_of, check_identity, contains, detailed, equal, wait_for
import kafka_server

PLUGINS = os.environ.get("SLUICE_TEST_PLUGINS", "")
SHIPPED = str(pathlib.Path(SLUICE).resolve().parent.parent / "lib/sluice/plugins")
DELAYS = [1, 2, 3]
CONFIG = """
runtime:
  state: { dir: ./state-%(node)s }
  admin: { listen: "127.0.0.1:0" }
  plugin_dirs: ["%(plugins)s", "%(shipped)s"]
pipelines:
  p:
    sources: { in: { use: kafka, config: { brokers: "%(broker)s", topics: [%(name)s], group_id: %(name)s, session_timeout: 6s } } }
    sinks:
      out:
        use: effects
        order: none
        batch: { linger: 1ms }
        breaker: { failures: 0, error_rate: 0%% }  # a call of none but busy records is no outage here
        retry:
          max_attempts: 1
          delays: [1s, 2s, 3s]
          topics: "kafka://%(broker)s/%(name)s.retry.{delay}%(query)s"
        config: { path: "./effects-%(node)s" }
"""


def config(broker, name, node="a", query="?partitions=2"):
    return CONFIG % {"broker": broker.address, "name": name, "node": node, "query": query,
                     "plugins": PLUGINS, "shipped": SHIPPED}


def start(folder, node="a"):
    process = folder.start("run", "-c", node + ".yaml", env={"SLUICE_RUN": "1"})
    process.admin = address_of(process)
    return process


def account(process):
    return detailed(process.admin)["pipelines"]["p"]["accounting"]


def effects(folder, node="a"):
    path = folder.path / ("effects-" + node)
    lines = path.read_text().split() if path.exists() else []
    return [line for line in lines if line.startswith("r")]


def record(i, busy=0):
    value = {"id": "r%d" % i}
    if busy:
        value["busy"] = busy
    return {"value": json.dumps(value, separators=(",", ":")).encode(), "key": b"k%d" % i,
            "headers": [("trace", b"t%d" % i)]}


def tiers(broker):
    """Each failure goes one tier on, with its count; what fails in all of them becomes a letter."""
    name = "orders"
    broker.create(name, 2)
    values = [record(i) for i in range(100)]
    values += [record(100 + i, 1) for i in range(5)] + [record(200 + i, 2) for i in range(5)]
    values += [record(300 + i, 9) for i in range(5)]
    broker.produce(name, values, 2)
    with Folder("", {"a.yaml": config(broker, name)}) as folder:
        process = start(folder)
        wait_for(lambda: account(process)["dead_lettered"] == 5)
        wait_for(lambda: len(effects(folder)) == 110)
        wait_for(lambda: account(process)["in_flight"] == 0)
        final = account(process)
        check_identity(final)
        equal((final["received"], final["committed"], final["dead_lettered"]), (115, 110, 5), "the account")
        equal(sorted(effects(folder)), sorted("r%d" % i for i in [*range(110 - 5), *range(200, 205)]), "effects")
        found = [[(m.headers(), m.value(), m.timestamp()[1]) for m in broker.messages("orders.retry.%ds" % delay, 2)]
                 for delay in DELAYS]
        equal([len(tier) for tier in found], [15, 10, 5], "messages by tier")
        for count, tier in enumerate(found, 1):
            for headers, value, at_ms in tier:
                named = dict(headers)
                equal(named["sluice.retry_count"], b"%d" % count, "count")
                equal(named["trace"], b"t" + json.loads(value)["id"][1:].encode(), "its own header")
                due_ms = int(named["sluice.retry_at"]) / 1000
                assert abs(due_ms - at_ms - DELAYS[count - 1] * 1000) < 1000, (due_ms, at_ms)
        # No record is tried again before its time.
        second = {value: at_ms for _, value, at_ms in found[1]}
        for headers, value, _ in found[0]:
            if value in second:
                assert second[value] >= int(dict(headers)["sluice.retry_at"]) // 1000, (value, second[value])
        code, out, err = folder.run("dlq", "sample", "-c", "a.yaml", "--json", "--full")
        equal(code, 0, err)
        letters = [json.loads(line) for line in out.splitlines()]
        equal(sorted(json.loads(base64.b64decode(letter["raw_base64"]))["id"] for letter in letters),
              ["r30%d" % i for i in range(5)], "letters")
        for letter in letters:
            equal((letter["reason"], letter["attempts"], letter["stage"]), ("CONNECTION_ERROR", 4, "deliver"), "a letter")
        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 0, "exit code")
        for delay in DELAYS:
            topic = "orders.retry.%ds" % delay
            equal(broker.committed("sluice-retry-p-out", topic, 2), [end if end else -1001 for end in broker.end_offsets(topic, 2)],
                  "committed of " + topic)


def killed(broker):
    """A process that is killed while records wait loses none; another one takes its topics over."""
    name = "killed"
    broker.create(name, 2)
    with Folder("", {node + ".yaml": config(broker, name, node, "?partitions=2&session.timeout.ms=6000") for node in "ab"}) as folder:
        broker.produce(name, [record(i, 1) for i in range(40)], 2)
        first = start(folder, "a")
        wait_for(lambda: sum(broker.end_offsets("killed.retry.1s", 2)) >= 20 if topic_is_there(broker, "killed.retry.1s") else False)
        first.kill()
        first.wait()
        second = start(folder, "b")
        broker.produce(name, [record(i, 1) for i in range(40, 60)], 2)
        wait_for(lambda: {*effects(folder, "a"), *effects(folder, "b")} == {"r%d" % i for i in range(60)}, limit=120)
        wait_for(lambda: account(second)["in_flight"] == 0)
        final = account(second)
        check_identity(final)
        equal(final["dead_lettered"], 0, "letters")
        second.send_signal(signal.SIGTERM)
        equal(second.wait(60), 0, "exit code")


def topic_is_there(broker, topic):
    return topic in broker.admin.list_topics(timeout=10).topics


def foreign(broker):
    """What somebody else wrote into a retry topic becomes a dead letter, with its bytes."""
    name = "foreign"
    broker.create(name, 1)
    broker.create("foreign.retry.1s", 1)
    broker.produce("foreign.retry.1s", [{"value": b"not ours", "key": b"k"}])
    with Folder("", {"a.yaml": config(broker, name, query="")}) as folder:
        process = start(folder)
        wait_for(lambda: broker.committed("sluice-retry-p-out", "foreign.retry.1s") == [1])
        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 0, "exit code")
        code, out, err = folder.run("dlq", "sample", "-c", "a.yaml", "--json", "--full")
        equal(code, 0, err)
        letter = json.loads(out)
        equal((letter["reason"], letter["raw_base64"]), ("VALIDATION_FAIL", "bm90IG91cnM="), "the letter")
        contains(letter["detail"], "no record of sink out", "detail")


def refused(broker):
    """What cannot work is said before anything runs."""
    base = config(broker, "orders")
    cases = {
        base.replace("{delay}", "x"): "put {delay} (5m) or {seconds} (300)",
        base.replace("          delays: [1s, 2s, 3s]\n", ""): '"topics" goes with "delays"',
        base.replace("order: none", "spool: 1MiB"): '"topics" does not go with a spool',
        base.replace("kafka://", "http://"): "expected kafka://host:9092/orders.retry.{delay}",
    }
    for text, expected in cases.items():
        with Folder("", {"a.yaml": text}) as folder:
            code, out, err = folder.run("check", "-c", "a.yaml")
            equal(code, 2, "exit code")
            contains(out + err, expected, "what it says")


def warned(broker):
    """A topic that deletes records before they are due is told of before anything is lost."""
    broker.create("short.retry.1s", 1, **{"retention.ms": 500})
    broker.create("short.retry.2s", 1, **{"retention.ms": 3600000})
    broker.create("short.retry.3s", 1, **{"retention.ms": -1})
    broker.create("short", 1)
    with Folder("", {"a.yaml": config(broker, "short", query="")}) as folder:
        code, out, err = folder.run("check", "-c", "a.yaml", "--connect")
        equal(code, 0, "exit code")
        contains(out + err, "retry topic short.retry.1s keeps records for 500ms and they wait in it for 1s", "a warning")
        assert "short.retry.2s" not in out + err and "short.retry.3s" not in out + err, out + err
    upsert = config(broker, "short", query="").replace("use: effects", "use: sqlite").replace("order: none\n", "order: lane\n")
    upsert = upsert.replace('path: "./effects-a"', "path: ./out.db, table: t, key: [/id], columns: { id: /id }")
    with Folder("", {"a.yaml": upsert}) as folder:
        code, out, err = folder.run("check", "-c", "a.yaml")
        equal(code, 2, "exit code")
        contains(out + err, "knows no revision: a record that waited would replace a newer one", "what it says")


kafka_server.main([tiers, killed, foreign, refused, warned])
