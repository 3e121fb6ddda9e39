#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the kafka source goes on, and going back on purpose: with Kafka's own tool and by deleting the
checkpoint in Redis all records are processed again; a crash is no such thing."""
import json
import sqlite3

from harness import Folder, equal, wait_for
import kafka_server
import redis_server

RECORDS = 2000
PARTITIONS = 3
CONFIG = """
runtime: { state: { dir: ./state%(state)s }, admin: { listen: off } }
pipelines:
  p:
    sources: { in: { use: kafka, config: %(source)s } }
    idempotency: { key: raw }
    transform: script.lua
    sinks:
      out:
        use: sqlite
        batch: { records: 100 }
        config: { path: out.db, table: t, key: [/id], create: true,
                  columns: { id: { from: /id, type: bigint }, v: { from: /v, type: bigint } } }
"""


def script(version):
    return "function transform(r)\n  r.v = %d\n  return r\nend\n" % version


def pipeline(broker, topic, state="", **more):
    """A folder with a pipeline from `topic`, which is made, with its records, to a sink that keeps marks."""
    broker.create(topic, PARTITIONS)
    broker.produce(topic, [b'{"id":%d}' % i for i in range(RECORDS)], PARTITIONS)
    source = {"brokers": broker.address, "topics": [topic], "group_id": topic, "session_timeout": "6s",
              **more}
    return Folder(CONFIG % {"source": json.dumps(source), "state": state}, {"script.lua": script(1)})


def versions(folder):
    try:
        return dict(folder.rows("select v, count(*) from t group by v"))
    except sqlite3.Error:  # no table yet
        return None


def all_committed(broker, topic):
    return broker.committed(topic, topic, PARTITIONS) == broker.end_offsets(topic, PARTITIONS)


def processed_again(broker, topic, folder, go_back):
    account = folder.run_once()
    equal((account["committed"], versions(folder)), (RECORDS, {1: RECORDS}), "the first run")
    (folder.path / "script.lua").write_text(script(2))
    equal(folder.run_once()["received"], 0, "received before it is moved")
    go_back()
    account = folder.run_once()
    equal(account["committed"], RECORDS, "committed after it was moved")
    equal(versions(folder), {2: RECORDS}, "rows after it was moved")
    equal(all_committed(broker, topic), True, "all is committed")
    equal(folder.run_once()["received"], 0, "once only")


def by_kafkas_own_tool(broker):
    with pipeline(broker, "tool", until="end") as folder:
        processed_again(broker, "tool", folder, lambda: broker.java(
            "-XX:TieredStopAtLevel=1", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
            "--bootstrap-server", broker.address, "--group", "tool", "--topic", "tool",
            "--reset-offsets", "--to-earliest", "--execute"))


def part_of_the_way_by_a_commit_of_another_client(broker):
    with pipeline(broker, "client", until="end") as folder:
        folder.run_once()
        (folder.path / "script.lua").write_text(script(2))
        ends = broker.end_offsets("client", PARTITIONS)
        broker.commit("client", "client", [ends[0] - 100, ends[1], ends[2] - 50])
        account = folder.run_once()
        equal(account["committed"], 150, "committed")
        equal(versions(folder), {1: RECORDS - 150, 2: 150}, "rows")
        equal(folder.run_once()["received"], 0, "once only")
        # Onward it goes, too.
        broker.produce("client", [b'{"id":%d}' % i for i in range(RECORDS, RECORDS + 30)], PARTITIONS)
        broker.commit("client", "client", [end + 10 for end in ends])
        equal(folder.run_once()["received"], 0, "what was passed over is not read")


def by_deleting_the_checkpoint_in_redis(broker):
    if not redis_server.THERE:
        print("skipped: no Redis here; install the packages redis-server and redis-tools")
        return
    with redis_server.Server() as redis:
        state = ', shared: "%s"' % redis.url
        with pipeline(broker, "shared", state, until="end") as folder:
            def delete():
                equal(redis.cli("DEL", "checkpoint:default:in"), "1", "keys deleted")
            processed_again(broker, "shared", folder, delete)


def a_crash_moves_nothing(broker):
    with pipeline(broker, "crash") as folder:
        for round_ in range(3):
            process = folder.start("run")
            wait_for(lambda: (versions(folder) or {}).get(1, 0) >= min(RECORDS, 500 * (round_ + 1)))
            process.kill()
            process.communicate()
        process = folder.start("run")
        wait_for(lambda: versions(folder) == {1: RECORDS})
        wait_for(lambda: all_committed(broker, "crash"))
        # Nothing is left to do, and of that, too, a crash makes nothing.
        process.kill()
        process.communicate()
        (folder.path / "script.lua").write_text(script(2))
        process = folder.start("run")
        broker.produce("crash", [b'{"id":%d}' % i for i in range(RECORDS, RECORDS + 9)], PARTITIONS)
        wait_for(lambda: versions(folder) == {1: RECORDS, 2: 9})
        process.kill()
        process.communicate()
        code, out, err = folder.run("offsets", "show", "--json")
        equal(code, 0, "exit code: " + err)
        equal(json.loads(out)["sources"][0]["epoch"], 0, "epoch")


kafka_server.main([by_kafkas_own_tool, part_of_the_way_by_a_commit_of_another_client,
                   by_deleting_the_checkpoint_in_redis, a_crash_moves_nothing])
