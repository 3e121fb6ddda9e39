#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dead letters of several nodes in one PostgreSQL: a real server, two pipelines with state folders of
their own, `sluice dlq` over both, and a server that is away."""
import json

import postgres_server
from harness import Folder, contains, equal, wait_for

CONFIG = """\
runtime: { state: { dir: ./state, dead_letters: "%s" }, admin: { listen: off }, drain_timeout: 2s }
pipelines:
  %s:
    sources: { in: { use: file, config: { paths: [./in.jsonl] } } }
    sinks: { out: { use: file, config: { path: ./out.jsonl } } }
"""
RECORDS = '{"n":1}\nnot json\n{"n":2}\nnor this\n'


def reasons(folder):
    code, out, err = folder.run("dlq", "summary", "--json")
    equal(code, 0, err)
    return json.loads(out)["reasons"]


def nodes_share_their_letters(server):
    with Folder(CONFIG % (server.dsn(), "p"), {"in.jsonl": RECORDS}) as one, \
            Folder(CONFIG % (server.dsn(), "q"), {"in.jsonl": RECORDS}) as other:
        equal(one.run_once()["dead_lettered"], 2, "of the first node")
        equal(reasons(other), {"PARSE_ERROR": 2}, "seen by the second")
        code, out, err = other.run("run", "--once", "--json")
        equal(code, 0, err)
        equal(reasons(one), {"PARSE_ERROR": 4}, "of both")
        assert not (one.path / "state/dead_letters.db").exists()
        code, out, err = one.run("dlq", "sample", "--full", "--json")
        equal(code, 0, err)
        letters = [json.loads(line) for line in out.splitlines()]
        equal(sorted({letter["pipeline"] for letter in letters}), ["p", "q"], out)


SCRIPTED = CONFIG.replace("    sinks:", "    transform: script.lua\n    dlq_burst: off\n    sinks:")
REFUSES = 'function transform(r) if r.n % 2 == 1 then return sluice.reject("odd", "odd") end return r end'
TAKES = "function transform(r) return r end"
MANY = 400


def dlq(folder, *args, code=0):
    found, out, err = folder.run("dlq", *args, "--json")
    equal(found, code, "exit code of dlq %s; it said:\n%s" % (args, err))
    return json.loads(out) if out.strip() else None


def numbers(folder):
    path = folder.path / "out.jsonl"
    return sorted(json.loads(line)["n"] for line in path.read_text().splitlines()) if path.exists() else []


def actions(folder):
    lines = (folder.path / "state/audit.jsonl").read_text().splitlines()
    return [event["action"] for event in map(json.loads, lines) if event["event"] == "dlq"]


def letters_of(server, name):
    """A node whose script refuses every other record, and what its run leaves."""
    lines = "".join('{"n":%d}\n' % n for n in range(MANY))
    return Folder(SCRIPTED % (server.dsn(), name), {"in.jsonl": lines, "script.lua": REFUSES})


def refused_by(folder, name):
    code, out, err = folder.run("run", "--once", "--json")
    equal(code, 0, err)
    equal(json.loads(out.splitlines()[-1])["pipelines"][name]["dead_lettered"], MANY // 2, "refused")


def redriven_killed_resumed_and_purged(server):
    with letters_of(server, "s") as one, letters_of(server, "t") as other:
        refused_by(one, "s")
        refused_by(other, "t")
        (one.path / "script.lua").write_text(TAKES)
        dry = dlq(one, "redrive", "--pipeline", "s", "--dry-run")
        equal(dry["outcomes"]["pass"], MANY // 2, "would pass")
        equal(len(numbers(one)), MANY // 2, "delivered before")

        # kill -9 in the middle; what is left goes on, and nothing is missing.
        process = one.start("dlq", "redrive", "--pipeline", "s", "--rate", "100/s")
        wait_for(lambda: 0 < len(numbers(one)) - MANY // 2 and
                 dlq(one, "summary", "--pipeline", "s")["total"] < MANY // 2)
        process.kill()
        process.communicate()
        left = dlq(one, "summary", "--pipeline", "s")["total"]
        assert 0 < left < MANY // 2, left
        plan = json.loads(one.run("dlq", "redrive", "--list", "--json", "--limit", "1")[1])
        equal((plan["state"], plan["left"]), ("running", left), "what the kill left")
        done = dlq(one, "redrive", "--resume", str(plan["id"]))
        equal((done["state"], done["left"], done["committed"]), ("done", 0, MANY // 2), "resumed")
        equal(sorted(set(numbers(one))), list(range(MANY)), "delivered at the end")
        equal(actions(one), ["redrive", "redrive_resume", "redrive_done"], "audit")

        # The letters of the other node are as they were, and either may purge them.
        equal(dlq(other, "summary", "--pipeline", "t")["total"], MANY // 2, "letters of the other")
        equal(dlq(one, "purge", "--pipeline", "t", "--yes")["purged"], MANY // 2, "purged")
        equal(dlq(other, "summary", "--pipeline", "t")["total"], 0, "left of the other")
        equal(actions(one)[-1], "purge", "audit of the purge")


def a_server_that_is_away(server):
    with Folder(CONFIG % (server.dsn(":geheim"), "r"), {"in.jsonl": RECORDS}) as folder:
        server.stop()
        code, out, err = folder.run("run", "--once", "--json")
        equal(code, 3, err)
        contains(err, "127.0.0.1:%d" % server.port, "which server")
        assert "geheim" not in err + out, err
        server.start()
        code, out, err = folder.run("run", "--once", "--json")
        equal(code, 0, err)
        equal(json.loads(out.splitlines()[-1])["pipelines"]["r"]["dead_lettered"], 2, out)
        code, out, _ = folder.run("config", "show")
        assert code == 0 and "geheim" not in out, out


postgres_server.main([nodes_share_their_letters, redriven_killed_resumed_and_purged, a_server_that_is_away])
