#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records in Confluent's wire format against a real broker and a real schema registry: which version each is, what
becomes of ids that mean nothing here, and an outage of the registry."""
import base64
import functools
import http.server
import json
import re
import sqlite3
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

from harness import Folder, address_of, check_identity, contains, detailed, equal, wait_for
import jars
import kafka_server
import registry_server

CONFIG = """
runtime: { drain_timeout: 2s, state: { dir: ./state }, admin: { listen: %(listen)s } }
pipelines:
  p:
    sources: { in: { use: kafka, config: %(source)s } }
    schema:
      lineage: ./schema/orders
      version: { confluent: { registry: %(registry)s } }
    sinks:
      out:
        use: sqlite
        config: { path: out.db, table: t, key: [/n], create: true,
                  columns: { n: { from: /n, type: bigint }, first: { from: /first }, last: { from: /last } } }
"""
DRAFT = "http://json-schema.org/draft-07/schema#"
ONE = {"$schema": DRAFT, "type": "object", "required": ["n", "name"], "additionalProperties": False,
       "properties": {"n": {"type": "integer", "minimum": 0}, "name": {"type": "string"}}}
TWO = {"$schema": DRAFT, "type": "object", "required": ["n", "first", "last"], "additionalProperties": False,
       "properties": {"n": {"type": "integer", "minimum": 0}, "first": {"type": "string"},
                      "last": {"type": "string"}}}
THREE = {**TWO, "properties": {**TWO["properties"], "title": {"type": "string"}}}
AVRO = '{"type":"record","name":"R","fields":[{"name":"n","type":"int"}]}'
LIFT = """
function transform(r)
  r.first, r.last = r.name:match("^(%S+) (%S+)$")
  r.name = nil
  return r
end
"""


def turned(schema):
    """The same schema as people write it: other order, other blanks, numbers as decimals, and a name."""
    text = json.dumps(dict(reversed(schema.items())), indent=3)
    return text.replace('"minimum": 0', '"minimum": 0.0').replace("{", '{"$id": "https://x.example/orders",', 1)


FILES = {"schema/orders/1.schema.json": turned(ONE), "schema/orders/2.schema.json": turned(TWO),
         "transformers/orders/1_to_2.lua": LIFT}


class Servers:
    def __init__(self, broker, registry):
        self.broker, self.registry, self.ids = broker, registry, {}

    def register(self, name, subject, schema, kind="JSON"):
        self.ids[name] = self.registry.register(subject, schema, kind)

    def pipeline(self, topic, listen="off", until="end", files=None, **registry):
        source = {"brokers": self.broker.address, "topics": [topic], "group_id": topic}
        if until:
            source["until"] = until
        return Folder(CONFIG % {"listen": listen, "source": json.dumps(source),
                                "registry": json.dumps({"url": self.registry.url, **registry})}, files or FILES)


def wire(schema_id, record):
    payload = record if isinstance(record, bytes) else json.dumps(record).encode()
    return struct.pack(">bI", 0, schema_id) + payload


def one(servers, n):
    return wire(servers.ids["one"], {"n": n, "name": "Ada B%d" % n})


def two(servers, n):
    return wire(servers.ids["two"], {"n": n, "first": "Ada", "last": "B%d" % n})


def rows(folder):
    return folder.rows("select n, first, last from t order by n")


def shows(folder, *numbers):
    """Does the table hold these now? It is made some time after the start."""
    try:
        return rows(folder) == expected(*numbers)
    except sqlite3.OperationalError:
        return False


def expected(*numbers):
    return [(n, "Ada", "B%d" % n) for n in numbers]


def letters(folder):
    code, out, err = folder.run("dlq", "sample", "--full", "--json", "--limit", "100")
    equal(code, 0, "exit code of dlq sample: " + err)
    return [json.loads(line) for line in out.splitlines()]


def old_and_new_versions(servers):
    servers.broker.create("mixed", 3)
    servers.broker.produce("mixed", [(one if n % 2 else two)(servers, n) for n in range(3000)], 3)
    with servers.pipeline("mixed", subject="orders-value") as folder:
        code, out, err = folder.run("check", "--connect")
        equal(code, 0, "exit code of check: " + out + err)
        contains(out, "schema registry", "check")
        account = folder.run_once()
        equal(account["committed"], 3000, "committed")
        equal(rows(folder), expected(*range(3000)), "rows")
        equal(servers.broker.committed("mixed", "mixed", 3), [1000] * 3, "committed offsets")


def what_cannot_be_read(servers):
    """Each becomes a dead letter at once, and says what it is and what to do; its neighbours go on."""
    servers.register("avro", "readings-value", AVRO, "AVRO")
    servers.register("three", "orders-value", THREE)
    three = wire(servers.ids["three"], {"n": 7, "first": "Ada", "last": "B7"})
    bad = [wire(4711, {"n": 1}), wire(4711, b"\2\6"), wire(servers.ids["avro"], b"\2\6"), three,
           b"\0\0\0", b'\1\0\0\0\1{"n":5}', b'{"n":6,"first":"Ada","last":"B6"}', wire(servers.ids["two"], {"n": 8})]
    said = [
        ("SCHEMA_DRIFT", "schema id 4711 is not in the registry " + servers.registry.url),
        ("SCHEMA_DRIFT", "schema id 4711 is not in the registry " + servers.registry.url),
        ("SCHEMA_DRIFT", "(subject readings-value, version 1) is of type AVRO"),
        ("SCHEMA_DRIFT", "(subject orders-value, version 3): its schema in the registry"),
        ("PARSE_ERROR", "expected the Confluent wire format (byte 0, four bytes of schema id, JSON), found 3 bytes"),
        ("PARSE_ERROR", "found byte 1"),
        ("SCHEMA_DRIFT", "the record does not begin with the Confluent wire format"),
        ("SCHEMA_DRIFT", "version 2: "),
    ]
    servers.broker.create("poison")
    values = [value for n, value in enumerate(bad) for value in (two(servers, 100 + n), value)]
    servers.broker.produce("poison", values)
    with servers.pipeline("poison") as folder:
        account = folder.run_once()
        equal((account["committed"], account["dead_lettered"]), (len(bad), len(bad)), "account")
        equal(rows(folder), expected(*range(100, 100 + len(bad))), "rows")
        found = sorted(letters(folder), key=lambda letter: letter["position"])
        equal([letter["reason"] for letter in found], [reason for reason, _ in said], "reasons")
        for letter, (_, text) in zip(found, said):
            contains(letter["detail"], text, "detail")
        contains(found[3]["detail"], "add it as 3.schema.json", "the cure")
        # The version that was missing, added: the letter goes through.
        (folder.path / "schema/orders/3.schema.json").write_text(turned(THREE))
        (folder.path / "transformers/orders/2_to_3.lua").write_text("function transform(r) return r end\n")
        dry = json.loads(folder.run("dlq", "redrive", "--dry-run", "--json")[1])
        equal(dry["outcomes"]["pass"], 1, "would pass")
        code, out, err = folder.run("dlq", "redrive", "--ids", found[3]["id"], "--allow-overwrite", "--json")
        equal(code, 0, "exit code of the redrive: " + out + err)
        equal(rows(folder), expected(7, *range(100, 100 + len(bad))), "rows after the redrive")
    with servers.pipeline("poison", subject="readings-value", files=FILES) as folder:
        (folder.path / "sluice.yaml").write_text(
            (folder.path / "sluice.yaml").read_text().replace('"group_id": "poison"', '"group_id": "other"'))
        equal(folder.run_once()["committed"], 0, "of another subject")
        contains(letters(folder)[-1]["detail"], "not of the subject readings-value", "detail")


def what_check_says(servers):
    for registry, text in (({"url": "http://127.0.0.1:1"}, "is not reached"),
                           ({"url": servers.registry.url.replace("ccompat", "nothing")}, "does the url lead to"),
                           ({"subject": "none-value"}, "has no subject 'none-value'")):
        with servers.pipeline("mixed", **registry) as folder:
            code, out, _ = folder.run("check", "--connect")
            assert code in (2, 3), code
            contains(out, text, "check")
            equal(folder.run("check")[0], 0, "exit code without --connect")


def what_a_lineage_lacks(servers):
    """The registry's schemas as the next files of the lineage, which it takes then."""
    servers.register("three", "pulled-value", ONE)
    servers.register("three", "pulled-value", TWO)
    servers.register("three", "pulled-value", THREE)
    servers.broker.create("pulled")
    servers.broker.produce("pulled", [one(servers, 0), two(servers, 1)])
    files = {name: text for name, text in FILES.items() if "2.schema" not in name and "1_to_2" not in name}
    with servers.pipeline("pulled", files=files) as folder:
        code, out, err = folder.run("schema", "pull", "--subject", "pulled-value")
        equal(code, 0, "exit code: " + err)
        contains(out, "version 1 (id %d): is 1.schema.json" % servers.ids["one"], "preview")
        contains(out, "version 3 (id %d): new, 3.schema.json" % servers.ids["three"], "preview")
        contains(out, "nothing was written", "preview")
        assert not (folder.path / "schema/orders/2.schema.json").exists(), "a preview that writes"
        code, out, err = folder.run("schema", "pull", "--subject", "pulled-value", "--write")
        equal(code, 0, "exit code: " + err)
        equal(json.loads((folder.path / "schema/orders/3.schema.json").read_text()), THREE, "what was written")
        lifts = re.findall(r"the lift: sluice (.*)", out)
        equal(len(lifts), 2, "lifts in:" + out)
        for lift in lifts:
            equal(folder.run(*lift.split())[0], 0, "exit code of " + lift)
        (folder.path / "transformers/orders/1_to_2.lua").write_text(LIFT)
        equal(folder.run_once()["committed"], 2, "committed")
        equal(rows(folder), expected(0, 1), "rows")
        out = folder.run("schema", "pull", "--subject", "pulled-value", "--write")[1]
        assert "new" not in out and "written" not in out, out
        equal(folder.run("schema", "pull")[0], 2, "exit code without a subject")
        equal(folder.run("schema", "pull", "--subject", "none")[0], 2, "exit code for a subject that is not there")


class Guard(http.server.BaseHTTPRequestHandler):
    """In front of the registry: lets in who has the password."""
    target = ""

    def do_GET(self):
        good = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"ada:p:w").decode()
        status, body = 401, b"{}"
        if good:
            try:
                with urllib.request.urlopen(self.target + self.path, timeout=60) as answer:
                    status, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, error.read()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def over_tls(servers):
    """Only a server whose certificate counts is told the password, and only who has it is let in."""
    servers.broker.create("tls")
    servers.broker.produce("tls", [two(servers, 0)])
    with tempfile.TemporaryDirectory() as keys:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", keys + "/key.pem",
                        "-out", keys + "/ca.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        Guard.target = servers.registry.url
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guard)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys + "/ca.pem", keys + "/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        good = {"url": "https://localhost:%d/" % server.server_port, "ssl_ca": keys + "/ca.pem", "user": "ada",
                "password": "p:w"}
        for wrong, text in (({"ssl_ca": None}, "certificate"), ({"password": "x"}, "check user and password"),
                            ({"url": good["url"].replace("localhost", "127.0.0.1")}, "127.0.0.1")):
            registry = {name: value for name, value in {**good, **wrong}.items() if value}
            with servers.pipeline("tls", **registry) as folder:
                code, out, _ = folder.run("check", "--connect")
                equal(code, 3, "exit code of check")
                contains(out, text, "check")
        with servers.pipeline("tls", **good) as folder:
            equal(folder.run_once()["committed"], 1, "committed")
            shown = folder.run("config", "show")[1]
            assert "p:w" not in shown and "ada" in shown, shown
        server.shutdown()
        server.server_close()


def an_outage(servers):
    """Known ids go on, others wait, and nothing of their lane passes them; then all come, in order."""
    servers.broker.create("outage", 2)
    servers.register("new", "orders-value", {**TWO, "title": "orders"})
    files = {**FILES, "schema/orders/3.schema.json": json.dumps({**TWO, "title": "orders"}),
             "transformers/orders/2_to_3.lua": "function transform(r) return r end\n"}
    new = wire(servers.ids["new"], {"n": 20, "first": "Ada", "last": "B20"})

    def produce(partition, *values):
        servers.broker.produce("outage", [{"value": value, "partition": partition} for value in values])

    with servers.pipeline("outage", until=None, listen="127.0.0.1:0", files=files) as folder:
        process = folder.start("run")
        address = address_of(process)
        produce(0, one(servers, 0))
        wait_for(lambda: shows(folder, 0))
        servers.registry.kill()
        produce(0, one(servers, 1))
        wait_for(lambda: shows(folder, 0, 1))
        produce(0, new, one(servers, 21))
        wait_for(lambda: any("registry.unavailable" in line for line in process.log))
        produce(1, one(servers, 2))
        wait_for(lambda: shows(folder, 0, 1, 2))
        produce(0, one(servers, 22))
        health = detailed(address)
        equal(health["status"], "degraded", "health")
        contains(json.dumps(health["backpressure"]["reasons"]), "schema registry of p: ", "health")
        wait_for(lambda: detailed(address)["pipelines"]["p"]["accounting"]["in_flight"] == 3)
        equal(servers.broker.committed("outage", "outage", 2)[0], 2, "nothing that waits is committed")
        servers.registry.start()
        wait_for(lambda: shows(folder, 0, 1, 2, 20, 21, 22))
        process.terminate()
        process.wait()
        contains("".join(process.log), "registry.recovered", "log")
        equal(servers.broker.committed("outage", "outage", 2), [5, 1], "committed")
        equal(letters(folder), [], "letters")


def a_start_without_the_registry(servers):
    """What was answered once is known for ever; what was not ends a finite run with nothing lost."""
    servers.broker.create("away")
    servers.broker.produce("away", [one(servers, n) for n in range(10)])
    with servers.pipeline("away") as folder:
        equal(folder.run_once()["committed"], 10, "committed")
        servers.registry.kill()
        servers.broker.produce("away", [one(servers, n) for n in range(10, 20)])
        equal(folder.run_once()["committed"], 10, "committed without the registry")
        servers.broker.produce("away", [two(servers, 20), one(servers, 21)])
        code, out, err = folder.run("run", "--once", "--json")
        equal(code, 3, "exit code of a run that waits in vain: " + err)
        account = json.loads(out.splitlines()[-1])["pipelines"]["p"]
        check_identity(account)
        equal(account["dead_lettered"], 0, "dead-lettered")
        equal(servers.broker.committed("away", "away"), [20], "committed offset")
        servers.registry.start()
        equal(folder.run_once()["committed"], 2, "committed with the registry")
        equal(rows(folder), expected(*range(22)), "rows")


def with_registry(test):
    @functools.wraps(test)
    def run(broker):
        registry.wait()
        servers = Servers(broker, registry)
        servers.register("one", "orders-value", ONE)
        servers.register("two", "orders-value", TWO)
        test(servers)
    return run


if __name__ == "__main__":
    try:
        registry = registry_server.Registry()
    except jars.Missing as why:
        print("skipped: " + str(why))
        sys.exit(77)
    try:
        registry.begin()  # beside the broker
        kafka_server.main([with_registry(test) for test in (
            old_and_new_versions, what_cannot_be_read, what_check_says, what_a_lineage_lacks,
            over_tls, an_outage, a_start_without_the_registry)])
    finally:
        registry.close()
