#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes and syncs that fail at every file the runtime and its sinks touch: it stops rather than guesses.

What is written where comes from a trace of an undisturbed run, so that a new file is covered by itself.
For each (file, call): one failure, failures for ever, and for writes a kill in the middle of one. Nothing
may be acknowledged that is not kept; with the disk back, a run comes to its end with everything there.
The seed is printed; SLUICE_SEED repeats a run, SLUICE_DISK_ONLY=TEXT tries the faults that hold TEXT.
"""
import collections
import concurrent.futures
import os
import random
import re
import signal

from crash_matrix_test import points
from crash_run import TIMEOUT, Cell, Series
from harness import SOAK, equal, main

LIBRARY = os.environ["SLUICE_DISK_FAULTS"]
SLOWER = float(os.environ.get("SLUICE_CRASH_SLOWER", 1))
ONLY = os.environ.get("SLUICE_DISK_ONLY", "")
ROUNDS = 20 if SOAK else 1
JOBS = 2
CELL = Cell(["effects", "append"], False, "ack", records=100)
# For files of a spool only; the rest is the same.
SPOOL_CELL = Cell(["effects"], False, "ack", spool=True, records=100)
SPOOL = "state/spool"
# These are tried again by the process itself until the disk is back.
HELD = ("state/checkpoints.db-wal", "state/dead_letters.db-wal", "effects0", "rows1.db-wal",
        SPOOL + "/effects0/records/000004.log", SPOOL + "/effects0/acknowledged")
# While the first of them cannot be written nothing may be acknowledged, while the second cannot
# nothing from the first record on that needs a letter.
NOTHING, NO_LETTERS = "state/checkpoints.db-wal", "state/dead_letters.db-wal"


def preload(**more):
    return {"LD_PRELOAD": LIBRARY, "ASAN_OPTIONS": "verify_asan_link_order=0", **more}


def calls(cell):
    """(end of the path, call) -> how often an undisturbed run makes it."""
    with Series(cell, 1) as series:
        trace = str(series.path / "trace")
        code, _, err = series.process(preload=preload(SLUICE_DISK_TRACE=trace), kill_after=TIMEOUT)
        equal(code, 0, err)
        found = collections.Counter()
        for line in open(trace, encoding="utf-8").read().splitlines():
            path, call = line.rsplit(" ", 1)
            if path in ("journal", "trace"):
                continue  # the test's own
            if cell.spool and not path.startswith(SPOOL):
                continue
            # Folders named by a hash differ from run to run.
            found[(re.sub(r"^state/bundles/.*/", "", path), call)] += 1
        return found


def faults(rng):
    for cell in (CELL, SPOOL_CELL):
        yield from faults_of(cell, rng)


def faults_of(cell, rng):
    for (path, call), times in sorted(calls(cell).items()):
        error = rng.choice(("enospc", "eio"))
        yield path, "%s:%s@%d+%d=%s" % (path, call, rng.randint(1, times), rng.choice((1, 1, 2)),
                                        error)
        yield path, "%s:%s@%d+*=%s" % (path, call, rng.choice((1, rng.randint(1, times))), error)
        how = "torn" if call == "write" else "kill"
        yield path, "%s:%s@%d=%s" % (path, call, rng.randint(1, times), how)


def try_fault(path, rule, seed):
    for_ever = "+*=" in rule
    with Series(SPOOL_CELL if path.startswith(SPOOL) else CELL, seed) as series:
        limit = TIMEOUT if not for_ever else 1.5 * SLOWER
        code, _, err = series.process(preload=preload(SLUICE_DISK_FAULT=rule), kill_after=limit)
        series.kills += 1
        allowed = (0, 3, -signal.SIGKILL)
        assert code in allowed, "%s: exit %d, expected one of %s\n%s" % (rule, code, allowed, err)
        # The first sync of a new spool is part of opening it, which ends the start.
        opening = path.startswith(SPOOL) and "@1+" in rule and code == 3
        if path in HELD and not for_ever and not opening and "torn" not in rule and "kill" not in rule:
            equal(code, 0, "exit after %s, which it can wait for\n%s" % (rule, err))
        check_held(series, path, rule)
        series.check_acknowledged()
        series.finish()
    return code


def check_held(series, path, rule):
    if "@1+*" not in rule or path not in (NOTHING, NO_LETTERS):
        return
    for lane, mark in series.acknowledged().items():
        first = next(position for position in range(1, CELL.records + 1)
                     if series.kind(lane, position) in ("bad", "refuse"))
        limit = 0 if path == NOTHING else first - 1
        assert mark <= limit, "%s: lane %d was acknowledged up to %d" % (rule, lane, mark)


def every_file_and_call():
    seed = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 32)))
    print("SLUICE_SEED=%d" % seed, flush=True)
    rng = random.Random(seed)
    codes = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        jobs = []
        for _ in range(ROUNDS):
            for path, rule in faults(rng):
                series_seed = rng.randrange(1 << 30)
                if ONLY in rule:
                    jobs.append((rule, pool.submit(try_fault, path, rule, series_seed)))
        for rule, job in jobs:
            try:
                codes[job.result()] += 1
            except BaseException:
                print("at", rule)
                raise
    print("%d faults: %d runs went on, %d stopped, %d were killed" % (
        len(jobs), codes[0], codes[3], codes[-signal.SIGKILL]))


def an_error_at_every_fault_point():
    def one(number, name):
        with Series(SPOOL_CELL if name.startswith("spool.") else CELL, number) as series:
            rule = "%s@%d+2=%s" % (name, 1 + number % 2, ("enospc", "eio")[number // 2 % 2])
            code, _, err = series.process(fault=rule, kill_after=TIMEOUT)
            assert code in (0, 3), "%s: exit %d\n%s" % (rule, code, err)
            series.kills += code != 0  # it stopped in the middle, so records come again
            series.check_acknowledged()
            series.finish()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for job in [pool.submit(one, number, name) for number, name in enumerate(points())]:
            job.result()


if __name__ == "__main__":
    main([every_file_and_call, an_error_at_every_fault_point])
