#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 between a sink's commit and the checkpoint: a sink that only appends has no row twice."""
import json
import os
import sqlite3

from harness import Folder, equal, main, wait_for

FAULTS = os.environ.get("SLUICE_FAULTS", "sluice-faults")
RECORDS = 500
TWO_SINKS = """
runtime: { state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    sources: { gen: { use: generator, config: { count: %d, seed: 7 } } }
    idempotency: { key: %s }
    sinks:
      out: { use: file, config: { path: ./out.jsonl } }
      db:
        use: sqlite
        order: none
        config: { path: ./out.db, table: orders, columns: { id: /id } }
        retry: { base: 10ms, cap: 50ms }
"""
ONE_SINK = """
runtime: { state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    sources: { gen: { use: generator, config: { count: %d, seed: 7 } } }
    idempotency: { key: %s }
    sinks:
      out: { use: file, config: { path: ./out.jsonl } }
"""


def lines(folder):
    path = folder.path / "out.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def delivered(folder):
    """How far the sink is noted to have come above the mark, in records."""
    path = folder.path / "state" / "checkpoints.db"
    if not path.exists():
        return 0
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as connection:
        try:
            return connection.execute("SELECT max(last_position) FROM delivered").fetchone()[0] or 0
        except sqlite3.OperationalError:
            return 0  # not made yet


def one_sink_is_away_while_the_process_is_killed():
    """By origin: what one of two sinks had goes only to the other."""
    with Folder(TWO_SINKS % (RECORDS, "origin")) as folder:
        blocker = sqlite3.connect(folder.path / "out.db", isolation_level=None)
        blocker.execute("CREATE TABLE orders (id TEXT)")
        blocker.execute("BEGIN EXCLUSIVE")
        process = folder.start("run")
        wait_for(lambda: len(lines(folder)) == RECORDS and delivered(folder) >= RECORDS - 1)
        process.kill()
        process.communicate()
        blocker.execute("COMMIT")
        blocker.close()
        account = folder.run_once()
        equal(account["received"], RECORDS, "records that came again")
        equal(account["committed"], RECORDS, "committed at the other sink")
        equal(len(lines(folder)), RECORDS, "lines in the file")
        equal(folder.rows("SELECT count(*), count(DISTINCT id) FROM orders"),
              [(RECORDS, RECORDS)], "rows")


def killed_between_marks_and_checkpoint(key):
    with Folder(ONE_SINK % (RECORDS, key)) as folder:
        process = folder.start("run", "--once", env={"SLUICE_FAULT": "ledger.checkpoint.before=kill"},
                               program=FAULTS)
        process.communicate()
        equal(process.returncode, -9, "exit of the killed run")
        before = len(lines(folder))
        assert before > 0, "nothing was delivered before the kill"
        account = folder.run_once()
        equal(account["received"], RECORDS, "records that came again")
        equal(account["duplicate"], before, "duplicates")
        found = lines(folder)
        equal(len(found), RECORDS, "lines in the file")
        equal(len(set(found)), RECORDS, "different lines")


def a_redrive_is_killed_before_its_letters_go(key):
    """What the sink has is marked first, so the redrive that goes on delivers none of it again."""
    config = ONE_SINK % (RECORDS, key) + "    transform: script.lua\n    dlq_burst: off\n"
    refusing = 'function transform(r) return sluice.reject("no", "not yet") end'
    with Folder(config, {"script.lua": refusing}) as folder:
        equal(folder.run_once()["dead_lettered"], RECORDS, "letters")
        (folder.path / "script.lua").write_text("function transform(r) return r end")
        process = folder.start("dlq", "redrive", program=FAULTS,
                               env={"SLUICE_FAULT": "ledger.redriven.before=kill"})
        process.communicate()
        equal(process.returncode, -9, "exit of the killed redrive")
        before = len(lines(folder))
        assert before > 0, "nothing was delivered before the kill"
        code, out, err = folder.run("dlq", "redrive", "--resume", "1", "--json")
        equal(code, 0, "exit of the resumed redrive; it said:\n%s" % err)
        plan = json.loads(out)
        equal((plan["committed"], plan["duplicate"]), (RECORDS - before, before), "what came of it")
        found = lines(folder)
        equal((len(found), len(set(found))), (RECORDS, RECORDS), "lines, and different ones")


def redriven_by_the_records_bytes():
    a_redrive_is_killed_before_its_letters_go("raw")


def redriven_by_values_in_it():
    a_redrive_is_killed_before_its_letters_go("[/id, /revision]")


def by_the_records_bytes():
    killed_between_marks_and_checkpoint("raw")


def by_values_in_it():
    killed_between_marks_and_checkpoint("[/id, /revision]")


if __name__ == "__main__":
    main([one_sink_is_away_while_the_process_is_killed, by_the_records_bytes, by_values_in_it,
          redriven_by_the_records_bytes, redriven_by_values_in_it])
