#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the kafka source goes on, and going back on purpose: with Kafka's own tool and by deleting the
checkpoint in Redis all records are processed again; a crash is no such thing."""
import json
import os
import pathlib
import re
import signal
import sqlite3
import time
import urllib.request

from harness import Folder, address_of, contains, detailed, equal, wait_for
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


def by_deleting_the_checkpoint_in_redis(broker, tls=False):
    if not redis_server.THERE:
        print("skipped: no Redis here; install the package redis-tools")
        return
    topic = "shared-tls" if tls else "shared"
    with redis_server.Server(tls) as redis:
        state = ', shared: "%s"' % redis.url
        with pipeline(broker, topic, state, until="end") as folder:
            def delete():
                equal(redis.cli("DEL", "checkpoint:default:in"), "1", "keys deleted")
            processed_again(broker, topic, folder, delete)


def by_deleting_the_checkpoint_in_redis_over_tls(broker):
    by_deleting_the_checkpoint_in_redis(broker, tls=True)


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


def offsets(folder, *words, code=0, env=None):
    found, out, err = folder.run("offsets", *words, "--json", env=env)
    equal(found, code, "exit code of %s: %s" % (words, err))
    return json.loads(out) if code == 0 else err


def reset(folder, *words, env=None):
    """The preview, and what was done then."""
    plan = offsets(folder, *words, env=env)
    equal(plan["executed"], False, "a preview changes nothing")
    done = offsets(folder, *words, "--execute", plan["hash"], env=env)
    equal(done["executed"], True, "executed")
    return plan


def lanes_of(plan, name):
    return {lane["lane"]: lane[name] for lane in plan["lanes"]}


def with_our_own_tool(broker):
    with pipeline(broker, "own", until="end", auto_offset_reset="latest") as folder:
        broker.commit("own", "own", [0, 0, 0])

        def go_back():
            plan = reset(folder, "reset", "--group", "own", "--topic", "own", "--to", "earliest")
            equal((plan["source"], plan["group"]), ("in", "own"), "what is moved")
            equal(sum(lanes_of(plan, "again").values()), RECORDS, "records again")
            equal(broker.committed("own", "own", PARTITIONS), [0, 0, 0], "the group is told")
        processed_again(broker, "own", folder, go_back)
        # Forgotten is as never run, whatever the rule for new lanes is.
        (folder.path / "script.lua").write_text(script(3))
        reset(folder, "delete", "--source", "in")
        equal(broker.committed("own", "own", PARTITIONS), [-1001] * PARTITIONS, "nothing is committed")
        equal(folder.run_once()["committed"], RECORDS, "committed after delete")
        equal(versions(folder), {3: RECORDS}, "rows after delete")


def kept_idempotency_keeps_them_out(broker):
    with pipeline(broker, "kept", until="end") as folder:
        folder.run_once()
        (folder.path / "script.lua").write_text(script(2))
        reset(folder, "reset", "--source", "in", "--to", "earliest", "--keep-idempotency")
        account = folder.run_once()
        equal((account["received"], account["duplicate"]), (RECORDS, RECORDS), "received, duplicates")
        equal(versions(folder), {1: RECORDS}, "rows")


def to_other_places(broker):
    """Onward and back: to the end, to a time and to an offset of one lane."""
    start = 1700000000000
    broker.create("places", PARTITIONS, **{"retention.ms": -1})  # the records are old
    broker.produce("places", [{"value": b'{"id":%d}' % i, "timestamp": start + 1000 * i}
                              for i in range(300)], PARTITIONS)
    source = {"brokers": broker.address, "topics": ["places"], "group_id": "places", "until": "end"}
    config = CONFIG % {"source": json.dumps(source), "state": ""}
    with Folder(config, {"script.lua": script(1)}) as folder:
        reset(folder, "reset", "--source", "in", "--to", "latest")
        equal(folder.run_once()["received"], 0, "from the end")
        plan = reset(folder, "reset", "--source", "in", "--to", "datetime", "2023-11-14T22:15:20Z")
        equal(lanes_of(plan, "to"), {"places/0": 40, "places/1": 40, "places/2": 40}, "at 120 s")
        equal(folder.run_once()["committed"], 180, "from 120 s on")
        # The age counts from another moment when it is done, and comes to the same place.
        plan = reset(folder, "reset", "--source", "in", "--to", "datetime", "1h")
        equal(lanes_of(plan, "to"), {"places/0": 100, "places/1": 100, "places/2": 100}, "an hour ago")
        plan = reset(folder, "reset", "--source", "in", "--lane", "places/1", "--to", "offset", "90")
        equal((lanes_of(plan, "from"), lanes_of(plan, "again")), ({"places/1": 100}, {"places/1": 10}), "plan")
        (folder.path / "script.lua").write_text(script(2))
        equal(folder.run_once()["committed"], 10, "of one lane")
        equal(versions(folder), {1: 170, 2: 10}, "rows")
        contains(offsets(folder, "reset", "--source", "in", "--topic", "place", "--to", "latest", code=2),
                 "has no topic 'place'", "message")
        contains(offsets(folder, "reset", "--group", "place", "--to", "latest", code=2),
                 "did you mean 'places'?", "message")


def what_is_shown(broker):
    with pipeline(broker, "shown", until="end") as folder:
        lanes = offsets(folder, "show")["sources"][0]["lanes"]
        equal([lane["committed"] for lane in lanes], [None] * PARTITIONS, "before the first run")
        folder.run_once()
        broker.produce("shown", [b'{"id":1}'] * 5)
        shown = offsets(folder, "show")["sources"][0]
        ends = broker.end_offsets("shown", PARTITIONS)
        equal(shown["group"], "shown", "group")
        equal([(lane["lane"], lane["low"], lane["end"], lane["lag"], lane["member"], lane["committed"])
               for lane in shown["lanes"]],
              [("shown/%d" % p, 0, ends[p], 5 if p == 0 else 0, None, ends[p] - (5 if p == 0 else 0))
               for p in range(PARTITIONS)], "lanes")
        code, out, _ = folder.run("offsets", "show")
        equal(code, 0, "exit code")
        contains(out, "member", "table")
    away = CONFIG % {"source": json.dumps({"brokers": "127.0.0.1:1", "topics": ["t"],
                                           "connect_timeout": "300ms"}), "state": ""}
    with Folder(away, {"script.lua": script(1)}) as folder:
        code, out, err = folder.run("offsets", "show")
        equal(code, 0, "exit code")
        contains(err, "no broker of 127.0.0.1:1 answers", "what is said")
        contains(offsets(folder, "reset", "--source", "in", "--to", "earliest", code=3),
                 "no broker of 127.0.0.1:1 answers", "what is said")


def moved_while_a_process_reads(broker):
    with pipeline(broker, "live") as folder:
        text = (folder.path / "sluice.yaml").read_text().replace("listen: off", "listen: 127.0.0.1:0")
        (folder.path / "sluice.yaml").write_text(text)
        process = folder.start("run")
        url = "http://" + address_of(process)
        env = {"SLUICE_ADMIN_URL": url}
        wait_for(lambda: versions(folder) == {1: RECORDS} and all_committed(broker, "live"))
        lanes = offsets(folder, "show")["sources"][0]["lanes"]
        contains(lanes[0]["member"], "127.0.0.1", "who reads")
        words = ["reset", "--source", "in", "--to", "earliest"]
        plan = offsets(folder, *words)
        contains(offsets(folder, *words, "--execute", plan["hash"], code=3), "--stop-source", "message")
        (folder.path / "script.lua").write_text(script(2))
        request = urllib.request.Request(url + "/admin/reload", method="POST")
        urllib.request.urlopen(request, timeout=60).read()
        reset(folder, *words, "--stop-source", env=env)
        wait_for(lambda: versions(folder) == {2: RECORDS}, limit=120)
        wait_for(lambda: all_committed(broker, "live"), limit=120)
        # Another reader would not see it.
        other = broker.consumer("live", **{"partition.assignment.strategy": "cooperative-sticky"})
        other.subscribe(["live"])
        wait_for(lambda: other.poll(0.1) is None and other.assignment(), limit=120)
        plan = offsets(folder, *words, "--stop-source", env=env)
        contains(offsets(folder, *words, "--stop-source", "--execute", plan["hash"], code=3, env=env),
                 "stop the others", "message")
        other.close()
        process.send_signal(signal.SIGTERM)
        equal(process.wait(120), 0, "exit code")


def fetch(address, path):
    with urllib.request.urlopen("http://%s%s" % (address, path), timeout=60) as answer:
        return answer.read().decode()


def lag_is_told(broker):
    """By partition, in /health/detailed, the metrics, the log and a topic."""
    broker.create("telemetry.kafka.lag")
    with pipeline(broker, "lag", publish_lag=True, lag_topic="telemetry.kafka.lag", lag_interval="100ms",
                  statistics_interval="100ms") as folder:
        # Nothing is settled as long as somebody else has the database.
        blocker = sqlite3.connect(folder.path / "out.db", isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        text = (folder.path / "sluice.yaml").read_text().replace("listen: off", "listen: 127.0.0.1:0")
        (folder.path / "sluice.yaml").write_text(text)
        process = folder.start("run")
        address = address_of(process)

        def group():
            return detailed(address)["kafka"].get("in", {"total": None})
        wait_for(lambda: group()["total"] == RECORDS, limit=120)
        told = group()
        ends = broker.end_offsets("lag", PARTITIONS)
        equal(told["group"], "lag", "group")
        equal(sorted((p["topic"], p["partition"], p["committed"], p["end"], p["lag"])
                     for p in told["partitions"]),
              [("lag", p, 0, ends[p], ends[p]) for p in range(PARTITIONS)], "partitions")
        contains(told["captured_at"], "T", "captured_at")
        written = [json.loads(message.value()) for message in broker.messages("telemetry.kafka.lag")]
        written = [snapshot for snapshot in written if snapshot["total"] == RECORDS][-1]
        equal((written["source"], written["group"]), ("in", "lag"), "in the topic")
        equal(sorted(written["partitions"], key=lambda p: p["partition"]),
              [{"topic": "lag", "partition": p, "committed": 0, "end": ends[p], "lag": ends[p]} for p in range(PARTITIONS)],
              "partitions in the topic")
        assert abs(written["captured_at_us"] / 1e6 - time.time()) < 300, written
        metrics = fetch(address, "/metrics")
        assigned, lag = (re.search(name + r'\{([^}]*)topic="lag",partition="1"\} (\d+)', metrics).groups()
                         for name in ("kafka_partition_assigned", "kafka_consumergroup_lag"))
        equal((assigned[1], lag[1]), ("1", str(ends[1])), "metrics")
        contains(lag[0], 'pipeline="p",source="in",group="lag",', "labels")
        wait_for(lambda: any("lag of group lag: %d records in 3 partitions" % RECORDS in line
                             for line in process.log))

        def statistics():
            found = re.search(r'received_bytes_total\{[^}]*\} (\S+)', fetch(address, "/metrics"))
            return found and float(found.group(1)) > 0
        wait_for(statistics)
        blocker.execute("ROLLBACK")
        blocker.close()
        wait_for(lambda: group()["total"] == 0, limit=120)
        equal(versions(folder), {1: RECORDS}, "rows")
        process.send_signal(signal.SIGTERM)
        equal(process.wait(120), 0, "exit code")


def start_is_applied_once(broker):
    base = 1700000000000
    broker.create("start", PARTITIONS, **{"retention.ms": -1})  # the records are old
    broker.produce("start", [{"value": b'{"id":%d}' % i, "timestamp": base + 1000 * i}
                             for i in range(300)], PARTITIONS)
    with Folder("", {"script.lua": script(1)}) as folder:
        def run(version, **more):
            source = {"brokers": broker.address, "topics": ["start"], "group_id": "start", "until": "end",
                      **more}
            (folder.path / "sluice.yaml").write_text(CONFIG % {"source": json.dumps(source), "state": ""})
            (folder.path / "script.lua").write_text(script(version))
            return folder.run_once()["committed"]
        equal(run(1, start="latest", auto_offset_reset="none"), 0, "from the end")
        equal(run(1, start="latest"), 0, "the same once more")
        equal(run(1, start="earliest"), 300, "another value")
        equal(run(2, start="earliest"), 0, "the same once more")
        equal(run(2, start="2023-11-14T22:15:20Z"), 180, "a time")
        equal(run(3), 0, "without it the group stays where it is")
        equal(run(3, start="2023-11-14T22:15:20Z"), 0, "a value that was applied")
        equal(versions(folder), {1: 120, 2: 180}, "rows")
        # What was said later counts.
        broker.commit("start", "start", [95, 95, 95])
        equal(run(3, start="2023-11-14T22:15:20Z"), 15, "moved with Kafka's own tools")
        reset(folder, "reset", "--source", "in", "--to", "earliest")
        equal(run(4, start="2023-11-14T22:15:20Z"), 300, "moved with ours")
        equal(versions(folder), {4: 300}, "rows")


def history_and_live(broker):
    """The shipped example of two sources on one topic."""
    example = pathlib.Path(os.environ["SLUICE_SOURCE_DIR"]) / "plugins/sources/kafka/examples/history_and_live.yaml"

    def orders(first, last):
        return [b'{"order_id":"o%d","revision":%d,"status":"new"}' % (i, i) for i in range(first, last)]
    broker.create("twice", 2)
    broker.produce("twice", orders(0, 500), 2)
    env = {"KAFKA_BOOTSTRAP_SERVERS": broker.address, "KAFKA_TOPIC": "twice", "ADMIN_LISTEN": "127.0.0.1:0"}
    with Folder(example.read_text()) as folder:
        def rows():
            try:
                return folder.rows("select count(*), count(distinct order_id) from orders", "orders.db")
            except sqlite3.Error:  # no table yet
                return None
        process = folder.start("run", env=env)
        address = address_of(process)
        # Where the live one starts is committed before anything was read.
        wait_for(lambda: broker.committed("twice-live", "twice", 2) == [250, 250], limit=120)
        wait_for(lambda: broker.committed("twice-history", "twice", 2) == [250, 250], limit=120)
        wait_for(lambda: rows() == [(500, 500)], limit=120)
        adapters = detailed(address)["adapters"]
        wait_for(lambda: detailed(address)["adapters"]["orders-history"]["state"] == "exhausted",
                 limit=120)
        equal(adapters["orders-live"]["state"], "ok", "the live one goes on")
        broker.produce("twice", orders(500, 600), 2)
        wait_for(lambda: rows() == [(600, 600)], limit=120)
        wait_for(lambda: broker.committed("twice-live", "twice", 2) == [300, 300], limit=120)
        equal(broker.committed("twice-history", "twice", 2), [250, 250], "the other group")
        process.send_signal(signal.SIGTERM)
        equal(process.wait(120), 0, "exit code")


kafka_server.main([lag_is_told, start_is_applied_once, history_and_live, with_our_own_tool, kept_idempotency_keeps_them_out, to_other_places, what_is_shown,
                   moved_while_a_process_reads, by_kafkas_own_tool, part_of_the_way_by_a_commit_of_another_client,
                   by_deleting_the_checkpoint_in_redis,
                   by_deleting_the_checkpoint_in_redis_over_tls, a_crash_moves_nothing])
