#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A state folder that cannot be used: a clear error, nothing lost, nothing acknowledged."""
import contextlib
import json
import os
import signal
import subprocess

from harness import Folder, contains, equal, main

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: off }, drain_timeout: 30s }
pipelines:
  p:
    sources: { gen: { use: generator, config: { seed: 3, %s } } }
    sinks: { out: { use: drop } }
"""


@contextlib.contextmanager
def tmpfs(folder, name, options):
    """A file system of its own; needs the right to mount, as root in a container has."""
    target = folder.path / name
    target.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(target)], check=True)
    try:
        yield target
    finally:
        subprocess.run(["umount", str(target)], check=True)


def two_processes_at_once():
    with Folder(CONFIG % ("count: 0, rate: 100/s")) as folder:
        first = folder.start("run")
        try:
            for line in first.stderr:  # until its plugins are loaded, so the lock is held
                if b"plugin.loaded" in line or b"started" in line:
                    break
            code, _, err = folder.run("run", "--once")
            equal(code, 3, "exit code")
            contains(err, "state", "message")
            contains(err, str(first.pid), "message names the process that holds it")
        finally:
            first.send_signal(signal.SIGTERM)
            first.communicate(timeout=120)
        equal(first.returncode, 0, "exit of the first")


def a_read_only_folder():
    with Folder(CONFIG % "count: 10") as folder, tmpfs(folder, "state", "size=4m"):
        subprocess.run(["mount", "-o", "remount,ro", str(folder.path / "state")], check=True)
        code, _, err = folder.run("run", "--once")
        equal(code, 3, "exit code")
        contains(err, "state", "message")
        contains(err.lower(), "read-only", "message names the cause")


def a_full_disk():
    # Every record is dead-lettered, and the folder has no room for them.
    config = CONFIG % "count: 20000, bad_percent: 100"
    config = config.replace("drain_timeout: 30s", "drain_timeout: 2s")
    schema = {"schema.json": json.dumps({"type": "object", "required": ["nowhere"]})}
    config = config.replace("    sinks:", "    schema: schema.json\n    dlq_burst: off\n    sinks:")
    with Folder(config, schema) as folder, tmpfs(folder, "state", "size=2m"):
        process = folder.start("run")
        for line in process.stderr:
            if b"store.failed" in line:
                break
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        equal(process.returncode, 3, err.decode())
        contains(err.decode(), "not acknowledged", "message")
        # With room again everything is there: what was not stored was not acknowledged.
        subprocess.run(["mount", "-o", "remount,size=200m", str(folder.path / "state")], check=True)
        code, _, err = folder.run("run", "--once", "--json")
        equal(code, 0, err)
        code, out, err = folder.run("dlq", "summary", "--json")
        equal(code, 0, err)
        equal(json.loads(out)["total"], 20000, "letters")


def a_corrupted_database():
    for name in ("checkpoints.db", "dead_letters.db"):
        with Folder(CONFIG % "count: 10") as folder:
            folder.run_once()
            database = folder.path / "state" / name
            database.write_bytes(b"this is no database" * 1000)
            code, _, err = folder.run("run", "--once")
            equal(code, 3, err)
            contains(err, name, "message names the file")
            contains(err, "mv ", "message says what to do")


def a_file_in_place_of_the_folder():
    with Folder(CONFIG % "count: 10", {"state": "a file"}) as folder:
        code, _, err = folder.run("run", "--once")
        assert code in (2, 3), (code, err)
        contains(err, "state", "message")


if os.geteuid() != 0:
    print("SKIPPED: needs root to mount file systems of its own")
    raise SystemExit(77)
main([two_processes_at_once, a_read_only_folder, a_full_disk, a_corrupted_database,
      a_file_in_place_of_the_folder])
