#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Going back on purpose: a changed script, `sluice offsets reset`, and every row is the new script's."""
import json
import signal
import sqlite3
import urllib.request

from harness import Folder, address_of, contains, equal, main, wait_for

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [in.jsonl] } } }
    transform: script.lua
    %(more)s
    sinks:
      out:
        use: sqlite
        config: { path: out.db, table: t, %(table)s, create: true,
                  columns: { id: { from: /id, type: bigint }, v: { from: /v, type: bigint } } }
"""
UPSERT = "key: [/id], exactly_once: false"
MARKS = "key: [/id]"
RECORDS = 2000


def files(version):
    lines = "".join(json.dumps({"id": i}) + "\n" for i in range(RECORDS))
    return {"in.jsonl": lines, "script.lua": script(version)}


def script(version):
    return f"function transform(r)\n  r.v = {version}\n  return r\nend\n"


def versions(folder):
    return dict(folder.rows("select v, count(*) from t group by v"))


def reset(folder, *more):
    code, out, err = folder.run("offsets", "reset", "--source", "in", "--to", "earliest", "--json",
                                *more)
    equal(code, 0, "exit code of the preview: " + err)
    plan = json.loads(out)
    equal(plan["executed"], False, "a preview changes nothing")
    code, out, err = folder.run("offsets", "reset", "--source", "in", "--to", "earliest", "--json",
                                *more, "--execute", plan["hash"])
    equal(code, 0, "exit code of the move: " + err)
    return json.loads(out)


def every_row_is_the_new_scripts(table, more=""):
    with Folder(CONFIG % {"more": more, "table": table}, files(1)) as folder:
        folder.run_once()
        equal(versions(folder), {1: RECORDS}, "rows of the first run")
        (folder.path / "script.lua").write_text(script(2))
        folder.run_once()
        equal(versions(folder), {1: RECORDS}, "rows without a reset")
        reset(folder)
        account = folder.run_once()
        equal(account["committed"], RECORDS, "committed")
        equal(versions(folder), {2: RECORDS}, "rows after the reset")
        equal(folder.run_once()["received"], 0, "once only")


def with_an_upsert():
    every_row_is_the_new_scripts(UPSERT)


def with_marks_in_the_sink():
    every_row_is_the_new_scripts(MARKS)


def with_keys():
    every_row_is_the_new_scripts(UPSERT, "idempotency: { key: raw }")


def kept_idempotency_keeps_them_out():
    for table, more in ((UPSERT, ""), (MARKS, ""), (UPSERT, "idempotency: { key: raw }")):
        with Folder(CONFIG % {"more": more, "table": table}, files(1)) as folder:
            folder.run_once()
            (folder.path / "script.lua").write_text(script(2))
            moved = reset(folder, "--keep-idempotency")
            equal(moved["keep_idempotency"], True, "said so")
            account = folder.run_once()
            equal(account["duplicate"], RECORDS, "duplicates")
            equal(versions(folder), {1: RECORDS}, "rows")


def to_a_position_of_one_lane():
    with Folder(CONFIG % {"more": "", "table": UPSERT}, files(1)) as folder:
        folder.run_once()
        (folder.path / "script.lua").write_text(script(2))
        code, out, _ = folder.run("offsets", "show", "--json")
        equal(code, 0, "exit code of show")
        lanes = json.loads(out)["sources"][0]["lanes"]
        equal(len(lanes), 1, "lanes")
        half = (folder.path / "in.jsonl").read_text().index('{"id": 1000}')
        where = ["--source", "in", "--lane", lanes[0]["lane"], "--to", "offset", str(half + 1)]
        plan = json.loads(folder.run("offsets", "reset", *where, "--json")[1])
        equal(folder.run("offsets", "reset", *where, "--execute", plan["hash"])[0], 0, "moved")
        folder.run_once()
        equal(versions(folder), {1: 1000, 2: 1000}, "rows")


def refusals():
    with Folder(CONFIG % {"more": "", "table": UPSERT}, files(1)) as folder:
        folder.run_once()
        code, _, err = folder.run("offsets", "reset", "--source", "inn", "--to", "earliest")
        equal(code, 2, "an unknown source")
        contains(err, "did you mean 'in'", "message")
        code, _, err = folder.run("offsets", "reset", "--source", "in", "--to", "latest")
        equal(code, 2, "a place that is not known")
        contains(err, "offset N", "message")
        code, _, err = folder.run("offsets", "reset", "--source", "in", "--to", "earliest",
                                  "--execute", "000000000000")
        equal(code, 1, "another hash")
        contains(err, "preview", "message")
        code, out, _ = folder.run("offsets", "delete", "--source", "in")
        equal(code, 0, "a preview of delete")
        contains(out, "--execute", "what to do next")


def refused_while_a_process_runs():
    config = CONFIG.replace("paths: [in.jsonl]", "paths: [in.jsonl], follow: true")
    with Folder(config % {"more": "", "table": UPSERT}, files(1)) as folder:
        process = folder.start("run")
        try:
            wait_for(lambda: versions_or_none(folder) == {1: RECORDS})
            plan = json.loads(folder.run("offsets", "reset", "--source", "in", "--to", "earliest",
                                         "--json")[1])
            code, _, err = folder.run("offsets", "reset", "--source", "in", "--to", "earliest",
                                      "--execute", plan["hash"])
            equal(code, 3, "exit code")
            contains(err, str(process.pid), "message names the process")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)


def moved_while_a_process_runs():
    config = CONFIG.replace("paths: [in.jsonl]", "paths: [in.jsonl], follow: true")
    config = config.replace("listen: off", "listen: 127.0.0.1:0")
    for table in (UPSERT, MARKS):
        with Folder(config % {"more": "", "table": table}, files(1)) as folder:
            process = folder.start("run")
            try:
                url = "http://" + address_of(process)
                env = {"SLUICE_ADMIN_URL": url}
                wait_for(lambda: versions_or_none(folder) == {1: RECORDS})
                (folder.path / "script.lua").write_text(script(2))
                request = urllib.request.Request(url + "/admin/reload", method="POST")
                urllib.request.urlopen(request, timeout=60).read()
                what = ["offsets", "reset", "--source", "in", "--to", "earliest", "--stop-source",
                        "--json"]
                plan = json.loads(folder.run(*what, env=env)[1])
                code, out, err = folder.run(*what, "--execute", plan["hash"], env=env)
                equal(code, 0, "exit code: " + err)
                equal(json.loads(out)["executed"], True, "done")
                wait_for(lambda: versions_or_none(folder) == {2: RECORDS})
                code, _, err = folder.run(*what, "--execute", plan["hash"], env=env)
                equal(code, 1, "the same preview twice: " + err)
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=120)
            equal(process.returncode, 0, "exit code of the run")


def versions_or_none(folder):
    try:
        return versions(folder)
    except sqlite3.Error:  # no table yet
        return None


if __name__ == "__main__":
    main([with_an_upsert, with_marks_in_the_sink, with_keys, kept_idempotency_keeps_them_out,
          to_a_position_of_one_lane, refusals, refused_while_a_process_runs, moved_while_a_process_runs])
