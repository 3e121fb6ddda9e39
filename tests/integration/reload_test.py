#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schemas and scripts change while the program runs: by being saved, by POST /admin/reload, by
SIGHUP. A broken one leaves the last good one; what needs a restart is refused by its key."""
import json
import os
import pathlib
import re
import signal
import stat
import sys
import threading
import time
import urllib.error
import urllib.request

from harness import Folder, contains, equal, main

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: "127.0.0.1:0" } }
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [./in.jsonl], follow: true } } }
    schema: { lineage: ./schema/orders, version: { pointer: /v } }
    transform: t.lua
    sinks: { out: { use: file, config: { path: ./out.jsonl } } }
  q:
    sources: { in2: { use: file, config: { paths: [./none.jsonl], follow: true } } }
    transform: q.lua
    reload: manual
    sinks: { out2: { use: drop } }
"""


def script(mark):
    return ("function transform(r)\n  if r.bad then return sluice.reject('bad', '%s') end\n"
            "  r.mark = '%s'\n  return r\nend\n" % (mark, mark))


FILES = {
    "in.jsonl": "", "t.lua": script("one"), "q.lua": script("one"),
    "schema/orders/1.schema.json": '{"required": ["id"]}\n',
}


def ask(address, path, method="GET", headers=None):
    request = urllib.request.Request("http://%s%s" % (address, path), method=method,
                                     headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def wait_for(what, limit=60):
    deadline = time.monotonic() + limit
    while not what():
        assert time.monotonic() < deadline, "waited %d s in vain" % limit
        time.sleep(0.01)  # polling another process; nothing here can be waited for otherwise


def start(folder):
    process = folder.start("run")
    seen = []
    for line in process.stderr:
        seen.append(line.decode(errors="replace"))
        found = re.search(r'address"?[=:]"?(127\.0\.0\.1:\d+)', seen[-1])
        if found:
            threading.Thread(target=lambda: [sys.stderr.buffer.write(line)
                                             for line in process.stderr], daemon=True).start()
            wait_for(lambda: ask(found[1], "/admin/schemas")[1]["pipelines"]["p"]["history"])
            return process, found[1]
    raise AssertionError("no admin address in the log:\n" + "".join(seen))


def append(folder, record):
    with open(folder.path / "in.jsonl", "a") as file:
        file.write(json.dumps(record) + "\n")


def save(folder, name, text):
    (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
    (folder.path / (name + ".new")).write_text(text)
    (folder.path / (name + ".new")).rename(folder.path / name)


def out(folder):
    path = folder.path / "out.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def saved_requested_signalled():
    with Folder(CONFIG, FILES) as folder:
        process, address = start(folder)
        pipeline = lambda name: ask(address, "/admin/schemas")[1]["pipelines"][name]
        first = pipeline("p")["hash"]
        append(folder, {"v": 1, "id": 1})
        wait_for(lambda: len(out(folder)) == 1)

        save(folder, "t.lua", script("two"))
        wait_for(lambda: pipeline("p")["hash"] != first)
        second = pipeline("p")
        equal(second["history"][0]["trigger"], "watch", "trigger")
        equal(second["history"][0]["previous"], first, "previous")
        append(folder, {"v": 1, "id": 2})
        append(folder, {"v": 1, "id": 3, "bad": True})
        wait_for(lambda: len(out(folder)) == 2)
        equal([record["mark"] for record in out(folder)], ["one", "two"], "marks")

        # A new version comes: first its lift, then its schema; both versions flow.
        save(folder, "transformers/orders/1_to_2.lua",
             "function transform(r)\n  r.v = 2\n  r.customer = 'unknown'\n  return r\nend\n")
        save(folder, "schema/orders/2.schema.json", '{"required": ["id", "customer"]}\n')
        wait_for(lambda: len(pipeline("p")["versions"]) == 2)
        append(folder, {"v": 1, "id": 4})
        append(folder, {"v": 2, "id": 5, "customer": "Ada"})
        wait_for(lambda: len(out(folder)) == 4)
        equal([r["customer"] for r in out(folder)[2:]], ["unknown", "Ada"], "customers")
        equal([v["records"] for v in pipeline("p")["versions"]], [4, 1], "records by version")

        # A broken file: refused, the last good one runs on.
        good = pipeline("p")["hash"]
        (folder.path / "t.lua").write_text("function transform(r) return = end\n")
        code, answer = ask(address, "/admin/reload?pipeline=p", "POST")
        equal(code, 422, answer)
        contains(answer["detail"], "t.lua:1", "detail")
        equal(answer["pipelines"]["p"]["hash"], good, "what runs")
        equal(pipeline("p")["hash"], good, "what runs")
        (folder.path / "t.lua").write_text(script("two"))

        # Not watched: only when asked.
        before = pipeline("q")["hash"]
        save(folder, "q.lua", script("two"))
        code, answer = ask(address, "/admin/reload?pipeline=q", "POST")
        equal((code, answer["pipelines"]["q"]["outcome"]), (200, "activated"), answer)
        equal(answer["pipelines"]["q"]["previous"], before, "previous")
        after = pipeline("q")["hash"]
        save(folder, "q.lua", script("three"))
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: pipeline("q")["hash"] != after)
        equal(pipeline("q")["history"][0]["trigger"], "signal", "trigger")

        equal(ask(address, "/admin/reload?pipeline=orders", "POST")[0], 404, "unknown pipeline")
        equal(ask(address, "/admin/reload", "POST", {"Origin": "http://evil.example"})[0], 403,
              "another site")
        equal(ask(address, "/admin/reload")[0], 405, "GET")
        save(folder, "sluice.yaml", CONFIG.replace("    reload: manual", "    tenant: other"))
        code, answer = ask(address, "/admin/reload", "POST")
        equal((code, answer["keys"]), (409, ["pipelines.q.tenant"]), answer)
        contains(answer["detail"], "pipelines.q.tenant", "detail")

        process.send_signal(signal.SIGTERM)
        equal(process.wait(60), 0, "exit code")
        code, letters, err = folder.run("dlq", "sample", "--full", "--json")
        letter = json.loads(letters)
        equal((letter["bundle_hash"], letter["schema_version"]), (second["hash"], "1"), "letter")
        audit = folder.path / "state" / "audit.jsonl"
        equal(stat.S_IMODE(os.stat(audit).st_mode), 0o600, "mode of the audit log")
        events = [json.loads(line) for line in pathlib.Path(audit).read_text().splitlines()]
        events = [event for event in events if event["event"] == "bundle"]
        equal(events[-1]["trigger"], "signal", "last event")


main([saved_requested_signalled])
