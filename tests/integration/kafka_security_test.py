#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kafka source and sink over TLS and SCRAM against a real broker: records get through, every mistake is told by
its option and its cure, and a password that changes while the program runs costs no record."""
import json
import signal

from harness import Folder, address_of, check_identity, contains, detailed, equal, wait_for
import kafka_security
from kafka_security import PASSWORD
import kafka_server

CONFIG = """
runtime: { state: { dir: ./state%(state)s }, admin: { listen: %(listen)s }, drain_timeout: 2s }
pipelines:
  p:
    %(pipeline)s
    sources: { in: { use: kafka, config: %(source)s } }
    sinks: { out: { use: kafka, breaker: { half_open_after: 200ms }, %(options)s config: %(sink)s } }
"""


def scram(broker, mechanism="SCRAM-SHA-256", **more):
    return {"brokers": broker.tls.address["scram"], "security_protocol": "SASL_SSL", "ssl_ca": broker.tls.file("ca.pem"),
            "sasl_mechanism": mechanism, "sasl_username": "ingest", "sasl_password": PASSWORD, **more}


def tls(broker, listener="tls", **more):
    return {"brokers": broker.tls.address[listener], "security_protocol": "SSL", "ssl_ca": broker.tls.file("ca.pem"),
            **more}


def own(broker, name):
    """The options of a client's certificate."""
    return {"ssl_certificate": broker.tls.file(name + ".pem"), "ssl_key": broker.tls.file(name + "-key.pem")}


def source(access, topic, **more):
    return {**access, "topics": [topic], "group_id": topic, **more}


def config(source, sink, listen="off", pipeline="", options="", state=""):
    return CONFIG % {"source": json.dumps(source), "sink": json.dumps(sink), "listen": listen, "pipeline": pipeline,
                     "options": options, "state": state}


def numbers(first, last):
    return [b'{"n":%d}' % n for n in range(first, last)]


def ns(broker, topic):
    return sorted(json.loads(message.value())["n"] for message in broker.messages(topic))


def tls_moves_records(broker):
    mutual = own(broker, "client")
    moves_records(broker, {
        "one-sided": tls(broker), "mutual": tls(broker, "mutual", **mutual),
        "locked": tls(broker, "mutual", **{**mutual, "ssl_key": broker.tls.file("locked-key.pem")},
                      ssl_key_password=kafka_security.KEY_PASSWORD),
        # A name that does not match, and somebody who knows.
        "unchecked": tls(broker, "othername", librdkafka={"ssl.endpoint.identification.algorithm": "none"})})


def scram_moves_records(broker):
    moves_records(broker, {"s256": scram(broker), "s512": scram(broker, "SCRAM-SHA-512")})


def moves_records(broker, ways):
    for name, access in ways.items():
        broker.create(name + "-in", 2)
        broker.create(name + "-out")
        broker.produce(name + "-in", numbers(0, 2000), 2)
        text = config(source(access, name + "-in", until="end"), {**access, "topic": name + "-out"})
        with Folder(text) as folder:
            code, out, err = folder.run("check", "--connect")
            equal(code, 0, name + ": check\n" + out + err)
            equal(folder.run_once()["committed"], 2000, name)
        equal(ns(broker, name + "-out"), list(range(2000)), name)
        equal(sum(broker.committed(name + "-in", name + "-in", 2)), 2000, name + ": committed offsets")


def mistakes_of(broker):
    """What is wrong, the exit code, and what has to be said of it."""
    ca, login = "check /ssl_ca", "check /sasl_mechanism, /sasl_username and /sasl_password"
    plain, sasl = broker.address, broker.sasl_address
    mutual = {"brokers": broker.tls.address["mutual"]}
    return {
        "wrong password": (scram(broker, sasl_password="wrong"), 2, [login]),
        "wrong password, 512": (scram(broker, "SCRAM-SHA-512", sasl_password="wrong"), 2, [login]),
        "unknown user": (scram(broker, sasl_username="nobody"), 2, [login]),
        "user of the other mechanism": (scram(broker, "SCRAM-SHA-512", sasl_username="short"), 2, [login]),
        "mechanism not offered": (scram(broker, "PLAIN"), 2, ["/sasl_mechanism", "SCRAM-SHA-512"]),
        "a foreign authority": (tls(broker, ssl_ca=broker.tls.file("stranger.pem")), 3, [ca]),
        "the system's authorities": (tls(broker, ssl_ca=""), 3, [ca]),
        "another host": (tls(broker, "othername"), 3, ["names the host in /brokers"]),
        "TLS to a plain port": (tls(broker, brokers=plain), 3, ["does not speak TLS", "check /security_protocol"]),
        "TLS with SASL to a plain port": (scram(broker, brokers=sasl), 3, ["check /security_protocol"]),
        "plain to a TLS port": ({"brokers": broker.tls.address["tls"]}, 3, ["check /security_protocol"]),
        "SASL without TLS to a TLS port": (scram(broker, security_protocol="SASL_PLAINTEXT"), 3,
                                           ["check /security_protocol"]),
        "TLS without SASL": (tls(broker, "scram"), 3, ["check /security_protocol"]),
        "no certificate": (tls(broker, **mutual), 3, ["not take our certificate", "/ssl_certificate"]),
        "an expired certificate": (tls(broker, **mutual, **own(broker, "expired")), 3, ["not take our certificate", "/ssl_certificate"]),
        "a certificate of a foreign authority": (tls(broker, **mutual, **own(broker, "foreign")), 3,
                                                 ["not take our certificate", "/ssl_certificate"]),
        "a key of another certificate": (tls(broker, ssl_certificate=broker.tls.file("client.pem"),
                                             ssl_key=broker.tls.file("expired-key.pem")), 2, ["/ssl_key"]),
        "no such file": (tls(broker, ssl_ca=broker.tls.file("gone.pem")), 2, ["/ssl_ca", "gone.pem"]),
        "a key that is locked": (tls(broker, ssl_certificate=broker.tls.file("client.pem"),
                                     ssl_key=broker.tls.file("locked-key.pem")), 2, ["/ssl_key_password"]),
    }


def mistakes_are_told(broker):
    broker.create("told")
    broker.produce("told", numbers(0, 3))
    fine = tls(broker)
    for name, (access, expected, parts) in mistakes_of(broker).items():
        access = {**access, "connect_timeout": "2s"}
        for side, text in (
                ("source", config(source(access, "told", until="end"), {**fine, "topic": "told"})),
                ("sink", config(source(fine, "told", until="end"), {**access, "topic": "told"}))):
            with Folder(text) as folder:
                code, _, err = folder.run("run", "--once")
                equal(code, expected, "%s, %s\n%s" % (name, side, err))
                for part in parts:
                    contains(err, part, "%s, %s" % (name, side))
    equal(broker.end_offsets("told")[0], 3, "nothing was written")


# A member that could not log in for a session (45 s) has lost its partitions: it comes to the group anew and reads them
# again.
GROUP_COMES_BACK = 240


def a_password_that_changes(broker):
    """Sessions end after three seconds: from then on the old password does not do, until it is the right one again. Whose
    password it is says so, holds, and goes on without a restart; nothing is lost, and nothing comes twice."""
    for side in ("source", "sink"):
        topic, user = "changed-" + side, "user-" + side
        kafka_security.set_password(broker, user, PASSWORD)
        broker.create(topic + "-in")
        broker.create(topic + "-out")
        made = 0

        def produce(count):
            nonlocal made
            broker.produce(topic + "-in", numbers(made, made + count))
            made += count
        produce(500)
        fine, changed = tls(broker), scram(broker, sasl_username=user, connect_timeout="2s")
        text = config(source(changed if side == "source" else fine, topic + "-in"),
                      {**(changed if side == "sink" else fine), "topic": topic + "-out"}, "127.0.0.1:0")
        with Folder(text) as folder:
            process = folder.start("run")
            address = address_of(process)
            adapter = "in" if side == "source" else "out"

            def committed():
                return detailed(address)["pipelines"]["p"]["accounting"]["committed"]

            def told():
                state = detailed(address)["adapters"][adapter]
                return state["state"] != "ok" and "/sasl_password" in str(state["last_error"])
            wait_for(lambda: committed() == made)
            for _ in range(2):
                kafka_security.set_password(broker, user, "another-password")
                # Sessions that still last take some.
                wait_for(lambda: produce(10) or told(), limit=GROUP_COMES_BACK)
                produce(500)
                before = committed()
                kafka_security.set_password(broker, user, PASSWORD)
                wait_for(lambda: committed() == made, limit=GROUP_COMES_BACK)
                print("%s: %d records held, %d in all" % (side, made - before, made))
                wait_for(lambda: detailed(address)["adapters"][adapter]["state"] == "ok", limit=GROUP_COMES_BACK)
            check_identity(detailed(address)["pipelines"]["p"]["accounting"])
            # What was not committed in time would only be read again.
            wait_for(lambda: broker.committed(topic + "-in", topic + "-in") == [made], limit=GROUP_COMES_BACK)
            process.send_signal(signal.SIGTERM)
            equal(process.wait(60), 0, "exit code")
        equal(ns(broker, topic + "-out"), list(range(made)), side)


LETTERS = """
runtime: { state: { dir: ./state, dead_letters: "%(url)s/letters?%(query)s" }, admin: { listen: "127.0.0.1:0" } }
pipelines:
  p:
    transform: script.lua
    dlq_burst: off
    sources: { in: { use: file, config: { paths: [./in.jsonl] } } }
    sinks:
      out:
        use: file
        order: none
        retry: { max_attempts: 1, delays: [1s], topics: "%(url)s/later.{delay}?partitions=1&%(query)s" }
        config: { path: ./out.jsonl }
"""


def letters_and_retries_by_scram(broker):
    """Their addresses say it all: user, password, mechanism, authority."""
    url = "kafka://ingest:%s@" + broker.tls.address["scram"]
    query = "sasl.mechanism=SCRAM-SHA-512&ssl.ca.location=" + broker.tls.file("ca.pem")
    script = 'function transform(r) if r.n %% 2 == 1 then return sluice.reject("odd", "odd") end return r end'
    files = {"in.jsonl": b"\n".join(numbers(0, 100)), "script.lua": script.replace("%%", "%")}
    with Folder(LETTERS % {"url": url % PASSWORD, "query": query}, files) as folder:
        equal(folder.run_once()["dead_lettered"], 50, "letters")
        code, out, err = folder.run("dlq", "summary", "--json")
        equal((code, json.loads(out)["total"]), (0, 50), "in the topic\n" + err)
        process = folder.start("run")
        address_of(process)
        wait_for(lambda: "later.1s" in broker.admin.list_topics(timeout=30).topics)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 0, "exit code")
    equal(broker.end_offsets("letters")[0], 50, "messages")
    for what, address, more, parts in (
            ("password", url % "wrong", query, ["check user and password of the address"]),
            ("authority", url % PASSWORD, query.replace("/ca.pem", "/stranger.pem"), ["check that ssl.ca.location holds"]),
            ("mechanism", url % PASSWORD, query.replace("SCRAM-SHA-512", "PLAIN"), ["correct sasl.mechanism"])):
        with Folder(LETTERS % {"url": address, "query": more}, files) as folder:
            code, _, err = folder.run("run", "--once")
            for part in parts:
                contains(err, part, what)
            assert code in (2, 3) and "wrong" not in err, err


def scram_and_a_broker_that_is_too_new(broker):
    """What librdkafka before 2.6.1 cannot do is told by its name; newer ones log in."""
    broker.create("new", 1)
    broker.produce("new", numbers(0, 3))
    text = config(source(scram(broker), "new", until="end"), {**tls(broker), "topic": "new"})
    with Folder(text) as folder:
        code, _, err = folder.run("run", "--once")
    if kafka_server.confluent_kafka.libversion()[1] >= 0x02060100:
        return equal(code, 0, "exit code\n" + err)
    equal(code, 2, "exit code\n" + err)
    contains(err, "brokers from 4.0 on refuse every SCRAM login of librdkafka before 2.6.1", "log")


# TLS with the release all others are tested with; SCRAM with the last one that librdkafka 2.0.2 can log in to.
kafka_server.main([scram_and_a_broker_that_is_too_new, tls_moves_records], "", kafka_security.Listeners())
kafka_server.main([scram_moves_records, mistakes_are_told, a_password_that_changes,
                   letters_and_retries_by_scram], "", kafka_security.Listeners(), "kafka-3.9")
