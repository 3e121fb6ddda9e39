#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every fault point and at random instants, over the matrix of sinks, spools, order and source.

100 kills, 10,000 with SLUICE_SOAK=1, any number with SLUICE_CRASH_KILLS. The seed is printed;
SLUICE_SEED repeats all of it, SLUICE_CRASH_SERIES one series of it. docs/crash-safety.md tells more.
"""
import concurrent.futures
import os
import random
import subprocess
import threading

import crash_redrive
from crash_redrive import RedriveSeries
from crash_run import PROGRAM, Cell, Series
from harness import SOAK, main

KILLS = int(os.environ.get("SLUICE_CRASH_KILLS", 10_000 if SOAK else 100))
JOBS = int(os.environ.get("SLUICE_CRASH_JOBS", min(2, os.cpu_count() or 1)))
KILLS_A_SERIES = int(os.environ.get("SLUICE_CRASH_KILLS_A_SERIES", 8 if SOAK else 4))
# What a process takes from its start to its end, undisturbed.
LONGEST = 0.4 * float(os.environ.get("SLUICE_CRASH_SLOWER", 1))

# The matrix. A new column is one more argument of Cell, and its values here.
SINKS = (["effects"], ["append"], ["effects", "append"], ["append", "upsert"],
         ["effects", "effects", "append"])
CELLS = [Cell(sinks, out_of_order, resume, spool)
         for sinks in SINKS
         for spool in ((False, True) if "effects" in sinks else (False,))
         for out_of_order in (False, True)
         for resume in ("ack", "mark")]

# The same for redrives. Records told apart by keys leave marks behind, others none.
REDRIVE_CELLS = [Cell(sinks, out_of_order, "mark", key=key)
                 for sinks in (["effects"], ["effects", "append"], ["upsert"],
                               ["effects", "upsert", "append"])
                 for out_of_order in (False, True)
                 for key in ("origin", "raw")]

# Points that only some lines of the matrix come to.
NEEDS = {"sink.write_marked.": lambda cell: "append" in cell.sinks,
         "sink.write.": lambda cell: {"effects", "upsert"} & set(cell.sinks),
         "ledger.delivered.": lambda cell: {"effects", "upsert"} & set(cell.sinks),
         "spool.": lambda cell: cell.spool}


def cell_for(point, number):
    comes_to = next((needs for prefix, needs in NEEDS.items() if point.startswith(prefix)), None)
    for i in range(len(CELLS)):
        cell = CELLS[(number + i) % len(CELLS)]
        if comes_to is None or comes_to(cell):
            return cell
    raise AssertionError("no line of the matrix comes to " + point)


def points():
    out = subprocess.run([PROGRAM], env={**os.environ, "SLUICE_FAULT": "list"}, check=True,
                         capture_output=True, text=True).stdout.split()
    assert out and len(out) == len(set(out)), "fault points: %s" % out
    return out


class Matrix:
    """Series after series until there were enough kills, and one has begun at every point."""

    def __init__(self, seed, names):
        self.seed, self.names = seed, names
        self.lock = threading.Lock()
        self.kills, self.series, self.reached = 0, 0, {}

    def next_series(self):
        with self.lock:
            if self.kills >= KILLS and self.series >= len(self.names):
                return None
            self.series += 1
            return self.series - 1

    def work(self):
        while (number := self.next_series()) is not None:
            self.run(number)

    def run(self, number):
        rng = random.Random(self.seed * 1_000_003 + number)
        # Neighbouring points meet different cells; the next round of points meets others again.
        point = self.names[number % len(self.names)]
        if point.startswith(crash_redrive.ONLY_HERE):
            return self.run_redrive(number, rng, point)
        cell = cell_for(point, number * 7 + number // len(self.names))
        done = []
        try:
            with Series(cell, rng.randrange(1 << 30)) as series:
                # Some steps are taken only once in a folder's life, so the first kill is the point's.
                killed = series.crash(fault="%s@1=kill" % point)
                done.append(point)
                if killed:
                    self.note(point)
                while series.kills < KILLS_A_SERIES and killed:
                    killed = self.crash(series, rng, done)
                series.finish()
                with self.lock:
                    self.kills += series.kills
        except BaseException:
            print("series %d (%s), kills at %s; again with SLUICE_SEED=%d SLUICE_CRASH_SERIES=%d"
                  % (number, cell, done, self.seed, number))
            raise

    def run_redrive(self, number, rng, point):
        cell = REDRIVE_CELLS[(number * 7 + number // len(self.names)) % len(REDRIVE_CELLS)]
        done = []
        points = [name for name in self.names
                  if name.startswith(crash_redrive.ONLY_HERE + crash_redrive.ON_THE_WAY)]
        try:
            with RedriveSeries(cell, rng.randrange(1 << 30)) as series:
                fault = point
                while series.kills < KILLS_A_SERIES:
                    done.append(fault)
                    seconds = None if fault else rng.uniform(0, LONGEST)
                    if not series.redrive(fault=fault and fault + "=kill", kill_after=seconds):
                        break
                    if fault:
                        self.note(fault.partition("@")[0])
                    fault = rng.choice((None, "%s@%d" % (rng.choice(points), rng.choice((1, 1, 2)))))
                series.finish()
                with self.lock:
                    self.kills += series.kills
        except BaseException:
            print("series %d (redrive, %s), kills at %s; again with SLUICE_SEED=%d "
                  "SLUICE_CRASH_SERIES=%d" % (number, cell, done, self.seed, number))
            raise

    def crash(self, series, rng, done):
        if rng.random() < 0.5:
            seconds = rng.uniform(0, LONGEST)
            done.append("%.3f s" % seconds)
            return series.crash(kill_after=seconds)
        point = rng.choice(self.names)
        done.append("%s@%d" % (point, rng.choice((1, 1, 2, 3, 5, 8))))
        killed = series.crash(fault=done[-1] + "=kill")
        if killed:
            self.note(point)
        return killed

    def note(self, point):
        with self.lock:
            self.reached[point] = self.reached.get(point, 0) + 1


def killed_at_every_step_and_at_random():
    seed = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 32)))
    print("SLUICE_SEED=%d" % seed, flush=True)
    matrix = Matrix(seed, points())
    if "SLUICE_CRASH_SERIES" in os.environ:
        matrix.run(int(os.environ["SLUICE_CRASH_SERIES"]))
        return
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for job in [pool.submit(matrix.work) for _ in range(JOBS)]:
            job.result()
    never = sorted(set(matrix.names) - set(matrix.reached))
    assert not never, "fault points that no run came to: %s" % never
    at_points = sum(matrix.reached.values())
    print("%d kills in %d series: %d at %d fault points, %d at random instants" % (
        matrix.kills, matrix.series, at_points, len(matrix.names), matrix.kills - at_points))


def the_program_that_is_shipped_has_none():
    shipped = os.environ.get("SLUICE_SHIPPED", "")
    if not shipped:
        print("this build has fault points in everything; nothing to compare")
        return
    with open(shipped, "rb") as file:
        content = file.read()
    for name in points() + ["SLUICE_FAULT"]:
        assert name.encode() + b"\0" not in content, "%s holds %s" % (shipped, name)


if __name__ == "__main__":
    main([the_program_that_is_shipped_has_none, killed_at_every_step_and_at_random])
