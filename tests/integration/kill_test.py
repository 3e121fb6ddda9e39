#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random instants of a run into SQLite, restart each time: no row missing, none doubled.

5 kills by default, 50 with SLUICE_SOAK=1. The seed is printed; SLUICE_SEED repeats a run. Builds with
sanitizers, ten times slower, set SLUICE_KILL_RECORDS lower.
"""
import os
import random
import time

from harness import SOAK, Folder, equal, main

RECORDS = int(os.environ.get("SLUICE_KILL_RECORDS", 200_000))
KILLS = 50 if SOAK else 5
CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: off } }
pipelines:
  p:
    sources: { gen: { use: generator, config: { count: %d, seed: 7 } } }
    schema: orders.schema.json
    transform: orders.lua
    sinks:
      out:
        use: sqlite
        config:
          path: ./out.db
          table: orders
          create: true
          key: [/id]
          revision: /revision
          columns:
            id: { from: /id, type: text }
            revision: { from: /revision, type: bigint }
            tenant: { from: /tenant, type: text }
            total: { from: /payload/total, type: real }
            email: { from: /payload/customer/email, type: text }
""" % RECORDS
DIGEST = """SELECT count(*), count(DISTINCT id), sum(revision), total(total), sum(length(email)),
                   min(id), max(id) FROM orders"""


def files():
    bench = os.path.join(os.environ["SLUICE_SOURCE_DIR"], "tests", "bench")
    return {name: open(os.path.join(bench, name), "rb").read()
            for name in ("orders.schema.json", "orders.lua")}


def undisturbed():
    with Folder(CONFIG, files()) as folder:
        began = time.monotonic()
        account = folder.run_once()
        equal(account["committed"], RECORDS, "committed")
        return folder.rows(DIGEST), time.monotonic() - began


def killed_at_random_instants():
    seed = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 32)))
    print("SLUICE_SEED=%d" % seed)
    rng = random.Random(seed)
    expected, seconds = undisturbed()
    kills = 0
    while kills < KILLS:
        with Folder(CONFIG, files()) as folder:
            while kills < KILLS:
                process = folder.start("run", "--once")
                time.sleep(rng.uniform(0, seconds))
                process.kill()
                process.communicate()
                if process.returncode == 0:
                    break  # it had come to its end; begin a new round
                kills += 1
            account = folder.run_once()
            equal(account["dead_lettered"], 0, "dead letters")
            equal(folder.rows(DIGEST), expected, "rows")
            account = folder.run_once()
            equal(account["received"], 0, "records of one more run")
    print("%d kills, every row there once" % kills)


main([killed_at_random_instants])
