#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dead letters from the first look to the last of them: the program alone, and a process that runs."""
import json
import os
import pathlib
import signal
import stat

from harness import Folder, address_of, check_identity, contains, equal, main, wait_for

RECORDS = int(os.environ.get("SLUICE_REDRIVE_RECORDS", "100000"))
BAD = RECORDS // 200  # 500 of 100,000

CONFIG = """\
runtime: { state: { dir: ./state }, admin: { listen: %s }, drain_timeout: 20s }
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [./in.jsonl] } } }
    schema: { file: orders.schema.json }
    transform: orders.lua
    sensitive: [/email]
    dead_letters: { show: [/order_id] }
    sinks:
      out: { use: sqlite, config: { path: ./out.db, table: orders, create: true, key: [/order_id], revision: /revision,
               columns: { order_id: /order_id, revision: { from: /revision, type: bigint },
                          total: { from: /total, type: real } } } }
"""
BEFORE = '{"type":"object","required":["order_id"],"properties":{"total":{"type":["number","string"]}}}'
BROKEN = '{"type":"object","required":["order_id"],"properties":{"total":{"type":"number"}}}'
SCRIPT = "function transform(r) return r end\n"
FIXED = """\
function transform(r)
  if type(r.total) == "string" then r.total = tonumber(r.total) end
  return r
end
"""

def order(i):
    total = '"%d.5"' % i if i % 200 == 7 else "%d.5" % i
    return '{"order_id":"o-%d","revision":1,"email":"m%d@example.org","total":%s}\n' % (i, i, total)


def orders(first, n):
    return "".join(order(i) for i in range(first, first + n))


def files(schema=BEFORE, script=SCRIPT):
    return {"in.jsonl": orders(0, RECORDS), "orders.schema.json": schema, "orders.lua": script}


def dlq(folder, *args, code=0, **options):
    found, out, err = folder.run("dlq", *args, **options)
    equal(found, code, "exit code of dlq %s; it said:\n%s%s" % (args, out, err))
    return out


def dlq_json(folder, *args, **options):
    return json.loads(dlq(folder, *args, "--json", **options))


def audit(folder):
    lines = (folder.path / "state" / "audit.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def rows(folder):
    return folder.rows("SELECT count(*), count(DISTINCT order_id) FROM orders")[0]


def the_story():
    """A schema breaks some of the records; why is told, the repair is tried, and all arrive."""
    with Folder(CONFIG % "off", {**files(), "in.jsonl": orders(10 ** 6 + 10, 10)}) as folder:
        folder.run_once()  # with the schema as it was
        (folder.path / "in.jsonl").unlink()
        (folder.path / "in.jsonl").write_text(orders(0, RECORDS))
        (folder.path / "orders.schema.json").write_text(BROKEN)
        account = folder.run_once()
        equal(account["dead_lettered"], BAD, "dead-lettered")
        equal(account["reasons"], {"SCHEMA_DRIFT": BAD}, "reasons")

        equal(dlq_json(folder, "summary")["reasons"], {"SCHEMA_DRIFT": BAD}, "summary")
        found = dlq_json(folder, "analyze")
        equal(len(found["groups"]), 1, "groups")
        group = found["groups"][0]
        equal(group["letters"], BAD, "letters of the group")
        equal(group["path"], "/total", "path")
        equal(group["causes"][0]["kind"], "schema", "cause")
        equal(group["causes"][0]["sure"], True, "sure")
        contains(group["causes"][0]["text"], "orders.schema.json changed at", "cause")
        contains(dlq(folder, "analyze"), "orders.schema.json changed at", "analyze")

        # Nobody sees an address who did not ask for it, which is noted.
        shown = dlq_json(folder, "sample", "--limit", "1")
        contains(json.dumps(shown), '"masked": true', "sample")
        assert "example.org" not in dlq(folder, "sample"), "sample gives addresses away"
        contains(dlq(folder, "sample", "--full", "--limit", "1"), "example.org", "sample --full")
        equal(audit(folder)[-1]["action"], "sample", "audit")

        # Not cured by a redrive that changes nothing.
        before = dlq_json(folder, "redrive", "--group", group["group"], "--dry-run")
        equal(before["outcomes"]["pass"], 0, "would pass before the repair")
        (folder.path / "orders.schema.json").write_text(BEFORE)
        (folder.path / "orders.lua").write_text(FIXED)
        dry = dlq_json(folder, "redrive", "--group", group["group"], "--dry-run")
        equal(dry["outcomes"], {"pass": BAD, "filtered": 0, "duplicate": 0}, "dry run")
        equal(rows(folder)[0], RECORDS + 10 - BAD, "rows before")

        plan = dlq_json(folder, "redrive", "--group", group["group"])
        equal((plan["committed"], plan["left"], plan["state"]), (BAD, 0, "done"), "redrive")
        equal(rows(folder), (RECORDS + 10, RECORDS + 10), "rows")
        equal(dlq_json(folder, "summary")["total"], 0, "letters left")
        equal(folder.rows("SELECT count(*) FROM orders WHERE typeof(total) = 'text'")[0][0], 0, "texts")
        events = [event for event in audit(folder) if event["event"] == "dlq"]
        equal([event["action"] for event in events], ["sample", "redrive", "redrive_done"], "actions")
        assert all(event["who"] and event["at_us"] > 0 for event in events), events
        equal(events[-1]["redrive"]["committed"], BAD, "audit of the redrive")


def beside_a_running_process():
    """The same by the admin API, while the process goes on."""
    with Folder(CONFIG % "127.0.0.1:0", files(BROKEN)) as folder:
        process = folder.start("run", "-c", "sluice.yaml")
        address = address_of(process)
        env = {"SLUICE_ADMIN_URL": "http://" + address}
        wait_for(lambda: rows_or_none(folder) == RECORDS - BAD)
        wait_for(lambda: dlq_json(folder, "summary")["total"] == BAD)
        (folder.path / "orders.lua").write_text(FIXED)
        (folder.path / "orders.schema.json").write_text(BEFORE)
        wait_for(lambda: dlq_json(folder, "redrive", "--dry-run", env=env)["outcomes"]["pass"] == BAD)
        plan = dlq_json(folder, "redrive", "--rate", "1000000/s", env=env)
        equal((plan["committed"], plan["left"], plan["state"]), (BAD, 0, "done"), "redrive")
        equal(rows(folder), (RECORDS, RECORDS), "rows")
        equal(dlq_json(folder, "summary")["total"], 0, "letters left")
        contains(dlq(folder, "redrive", "--list"), "done", "list")
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        equal(process.returncode, 0, "exit code")


def stopped_and_resumed_beside_it():
    """Who stops and resumes a redrive of a running process is in the audit log, by name."""
    with Folder(CONFIG % "127.0.0.1:0", files(BROKEN)) as folder:
        process = folder.start("run", "-c", "sluice.yaml")
        env = {"SLUICE_ADMIN_URL": "http://" + address_of(process)}
        wait_for(lambda: rows_or_none(folder) == RECORDS - BAD)
        wait_for(lambda: dlq_json(folder, "summary")["total"] == BAD)
        (folder.path / "orders.lua").write_text(FIXED)
        (folder.path / "orders.schema.json").write_text(BEFORE)
        wait_for(lambda: dlq_json(folder, "redrive", "--dry-run", env=env)["outcomes"]["pass"] == BAD)
        slow = folder.start("dlq", "redrive", "--rate", "10/s", env=env)
        wait_for(lambda: plans(folder) and plans(folder)[0]["left"] < BAD)
        dlq(folder, "redrive", "--stop", "1", env=env)
        slow.communicate()
        equal(slow.returncode, 3, "exit of the redrive that was stopped")
        equal(plans(folder)[0]["state"], "stopped", "state")
        # It goes on at its rate, which nobody wants to wait for.
        dlq(folder, "redrive", env=env)
        resumed = dlq_json(folder, "redrive", "--resume", "1", env=env)
        equal((resumed["left"], resumed["state"]), (0, "done"), "the rest was redriven by the other")
        equal(rows(folder), (RECORDS, RECORDS), "rows")
        who = {event["action"]: event["who"] for event in audit(folder) if event["event"] == "dlq"}
        equal(len({who["redrive"], who["redrive_stop"], who["redrive_resume"]}), 1, "who, in %s" % who)
        assert "unknown" not in who["redrive"], who
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def rows_or_none(folder):
    try:
        return rows(folder)[0]
    except Exception:  # the table is not there yet
        return None


def killed_and_gone_on():
    """kill -9 in the middle of a redrive; --resume does the rest, and nothing is missing."""
    with Folder(CONFIG % "off", files(BROKEN)) as folder:
        folder.run_once()
        (folder.path / "orders.schema.json").write_text(BEFORE)
        (folder.path / "orders.lua").write_text(FIXED)
        process = folder.start("dlq", "redrive", "--rate", "%d/s" % max(4, BAD // 5))
        wait_for(lambda: plans(folder) and plans(folder)[0]["left"] < BAD)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        left = plans(folder)[0]["left"]
        assert 0 < left < BAD, left
        equal(dlq_json(folder, "summary")["total"], left, "letters left after the kill")
        plan = dlq_json(folder, "redrive", "--resume", str(plans(folder)[0]["id"]))
        equal((plan["left"], plan["state"], plan["chosen"]), (0, "done", BAD), "resumed")
        equal(plan["committed"] + plan["duplicate"], BAD, "settled")
        equal(rows(folder), (RECORDS, RECORDS), "rows")
        equal(dlq_json(folder, "summary")["total"], 0, "letters left")


def plans(folder):
    out = dlq(folder, "redrive", "--list", "--json")
    return [json.loads(line) for line in out.splitlines()]


def purged_and_exported():
    with Folder(CONFIG % "off", files(BROKEN)) as folder:
        folder.run_once()
        dlq(folder, "export", "--full", "-o", "letters.jsonl")
        exported = (folder.path / "letters.jsonl").read_text().splitlines()
        equal(len(exported), BAD, "exported letters")
        equal(stat.S_IMODE(os.stat(folder.path / "letters.jsonl").st_mode), 0o600, "mode")
        shown = {json.loads(letter)["fields"]["/order_id"] for letter in exported}
        equal((len(shown), "o-7" in shown), (BAD, True), "shown fields")
        dlq(folder, "purge", "--where", "/order_id=o-7,o-207", "--yes")
        equal(dlq_json(folder, "summary")["total"], BAD - 2, "letters left")
        out = dlq(folder, "purge", "--reason", "SCHEMA_DRIFT", code=1, stdin=-3)  # /dev/null: no answer
        equal(out, "", "nothing is removed without an answer")
        equal(dlq_json(folder, "purge", "--older-than", "0", "--yes")["purged"], BAD - 2, "purged")
        purges = [event for event in audit(folder) if event.get("action") == "purge"]
        equal([event["letters"] for event in purges], [2, BAD - 2], "audit")


def sinks_that_overwrite():
    """A sink by key without a revision takes old records only when told that it may."""
    config = (CONFIG % "off").replace("revision: /revision,", "")
    with Folder(config, {**files(BROKEN), "in.jsonl": orders(0, 400)}) as folder:
        folder.run_once()
        (folder.path / "orders.schema.json").write_text(BEFORE)
        (folder.path / "orders.lua").write_text(FIXED)
        code, _, err = folder.run("dlq", "redrive")
        equal(code, 2, "exit code")
        contains(err, "--allow-overwrite", "refusal")
        equal(dlq_json(folder, "redrive", "--allow-overwrite")["committed"], 2, "committed")


main([the_story, beside_a_running_process, stopped_and_resumed_beside_it, killed_and_gone_on, purged_and_exported,
      sinks_that_overwrite])
