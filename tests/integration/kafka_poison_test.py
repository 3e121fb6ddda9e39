#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a broker may hold that cannot be read, and what it may refuse: the kafka source says which, and goes on
where it can."""
import json
import sqlite3
import struct

from harness import Folder, contains, equal
import kafka_server

CONFIG = """
runtime: { drain_timeout: 3s, state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    sources: { in: { use: kafka, config: %s } }
    transform: script.lua
    sinks:
      out:
        use: sqlite
        config: { path: out.db, table: t, key: [/n], create: true,
                  columns: { n: { from: /n, type: bigint }, v: { from: /v, type: bigint } } }
"""
AUTHORIZER = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=true
"""
BATCH_ATTRIBUTES, BATCH_CRC = 21, 17  # offsets in a batch of the format's second version


def pipeline(broker, topic, version=1, **more):
    source = {"brokers": broker.address, "topics": [topic], "group_id": topic, "until": "end", **more}
    return Folder(CONFIG % json.dumps(source), {"script.lua": script(version)})


def script(version):
    return "function transform(r)\n  r.v = %d\n  return r\nend\n" % version


def rows(folder):
    with sqlite3.connect(folder.path / "out.db") as connection:
        return connection.execute("select n, v from t order by n").fetchall()


def three_batches(broker, topic):
    """A batch with two records each; the file they lie in, and where each begins."""
    broker.create(topic)
    for n in (0, 2, 4):
        broker.produce(topic, [b'{"n":%d}' % n, b'{"n":%d}' % (n + 1)])
    segment = broker.folder / "data" / (topic + "-0") / ("0" * 20 + ".log")
    data, starts = segment.read_bytes(), [0]
    while len(starts) < 3:
        starts.append(starts[-1] + 12 + struct.unpack_from(">i", data, starts[-1] + 8)[0])
    return segment, starts


def write_at(path, position, data):
    with open(path, "r+b") as file:
        file.seek(position)
        file.write(data)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def stops_before(broker, topic, said):
    """The batch in the middle cannot be read: what to do about it is said, and can be done."""
    with pipeline(broker, topic) as folder:
        code, _, err = folder.run("run", "--once")
        equal(code, 2, "exit code: " + err)
        contains(err, topic + "/0: the records from offset 2 on cannot be read", "log")
        contains(err, said, "log")
        equal([n for n, _ in rows(folder)], [0, 1], "rows")
        equal(broker.committed(topic, topic), [2], "the group stays before it")
        words = ["offsets", "reset", "--group", topic, "--lane", topic + "/0", "--to", "offset", "4"]
        plan = json.loads(folder.run(*words, "--json")[1])
        equal([lane["again"] for lane in plan["lanes"]], [-2], "passed over")
        equal(folder.run(*words, "--execute", plan["hash"])[0], 0, "exit code of the move")
        equal(folder.run_once()["committed"], 2, "what is behind it")
        equal([n for n, _ in rows(folder)], [0, 1, 4, 5], "rows")
        equal(broker.committed(topic, topic), [6], "committed")


def a_damaged_batch(broker):
    segment, starts = three_batches(broker, "damaged")
    data = segment.read_bytes()
    at = data.index(b'{"n":2}')
    write_at(segment, at + 5, b"7")
    stops_before(broker, "damaged", "CRC32C")


def a_codec_that_nobody_knows(broker):
    segment, starts = three_batches(broker, "codec")
    data = bytearray(segment.read_bytes()[starts[1]:starts[2]])
    struct.pack_into(">h", data, BATCH_ATTRIBUTES, 7)
    struct.pack_into(">I", data, BATCH_CRC, crc32c(data[BATCH_ATTRIBUTES:]))
    write_at(segment, starts[1], data)
    stops_before(broker, "codec", "ompression")


def a_group_that_we_may_not_read(broker):
    broker.create("closed")
    broker.produce("closed", [b'{"n":0}'])
    broker.java("-XX:TieredStopAtLevel=1", "org.apache.kafka.tools.AclCommand", "--bootstrap-server",
                broker.address, "--add", "--deny-principal", "User:ingest", "--operation", "Read", "--group",
                "closed")
    user = {"brokers": broker.sasl_address, "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN",
            "sasl_username": "ingest", "sasl_password": "right-password"}
    with pipeline(broker, "closed", **user) as folder:
        code, _, err = folder.run("run", "--once")
        equal(code, 2, "exit code: " + err)
        contains(err, "GROUP_AUTHORIZATION_FAILED", "log")
        contains(err, "let the user read the group", "log")
    with pipeline(broker, "closed", **user, **{"group_id": "open"}) as folder:
        equal(folder.run_once()["committed"], 1, "of another group")


def a_topic_made_anew(broker):
    """Its offsets name other records now: nothing that is known of the old ones keeps them out."""
    broker.create("anew")
    broker.produce("anew", [b'{"n":%d}' % n for n in range(100)])
    with pipeline(broker, "anew") as folder:
        equal(folder.run_once()["committed"], 100, "of the first topic")
        broker.delete("anew")
        broker.create("anew")
        broker.produce("anew", [b'{"n":%d}' % n for n in range(50)])
        broker.commit("anew", "anew", [100])
        (folder.path / "script.lua").write_text(script(2))
        code, out, err = folder.run("run", "--once", "--json")
        equal(code, 0, "exit code: " + err)
        contains(err, "offset 100, where group anew goes on, is not there: the topic holds 0 to 50", "log")
        contains(err, "the topic was truncated or made anew", "log")
        equal(rows(folder), [(n, 2 if n < 50 else 1) for n in range(100)], "rows")
        equal(broker.committed("anew", "anew"), [50], "committed")
        equal(folder.run_once()["received"], 0, "once only")


kafka_server.main([a_damaged_batch, a_codec_that_nobody_knows, a_group_that_we_may_not_read, a_topic_made_anew],
                  AUTHORIZER)
