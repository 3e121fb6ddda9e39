#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sluice spool show, verify and salvage: beside a process that writes, after it was killed, and on
files that were damaged."""
import json
import os

import harness
from harness import Folder, contains, equal

WRITER = os.environ["SLUICE_SPOOL_WRITER"]
CONFIG = "runtime: { state: { dir: ./state }, admin: { listen: off } }\n" + """\
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [./in.jsonl] } } }
    sinks: { pg: { use: file, config: { path: ./out.jsonl } } }
"""


class Writer:
    """Fills and drains the spool of `pg` in the folder, until it is killed."""

    def __init__(self, folder):
        self.process = harness.subprocess.Popen(
            [WRITER, str(folder.path / "state")], stdout=harness.subprocess.PIPE)
        folder.processes.append(self.process)

    def wait_for(self, position):
        """Until it has said so much; the last position it was told is durable."""
        said = 0
        while said < position:
            word, _, number = self.process.stdout.readline().decode().partition(" ")
            assert word in ("appended", "removing", "removed"), word
            said = int(number) if word == "appended" else said
        return said

    def kill(self):
        """Answers the last position it had said."""
        self.process.kill()
        lines = self.process.stdout.read().decode().splitlines()
        self.process.wait()
        said = [int(line.split()[1]) for line in lines if line.startswith("appended")]
        return max(said, default=0)


def shown(folder):
    code, out, err = folder.run("spool", "show", "--json")
    equal(code, 0, err)
    spools = json.loads(out)["spools"]
    equal([spool["sink"] for spool in spools], ["pg"], out)
    return spools[0]


def verdict(folder, expected):
    code, out, err = folder.run("spool", "verify", "--json")
    equal(code, expected, out + err)
    return json.loads(out)["spools"][0]


def largest(folder, ending):
    return max((folder.path / "state/spool/pg/records").glob("*" + ending),
               key=lambda path: path.stat().st_size)


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


def beside_a_running_process():
    with Folder(CONFIG) as folder:
        writer = Writer(folder)
        writer.wait_for(2000)
        first = shown(folder)
        assert first["records"] > 0 and first["oldest"], first
        equal([lane["lane"] for lane in first["lanes"]], ["lane"], first)
        assert verdict(folder, 0)["whole"]
        # What changes files is refused, with the process that has them.
        code, _, err = folder.run("spool", "salvage")
        equal(code, 3, err)
        contains(err, "in use by process %d" % writer.process.pid, "salvage")
        writer.kill()


def after_a_kill():
    with Folder(CONFIG) as folder:
        writer = Writer(folder)
        writer.wait_for(1000)
        last = max(writer.kill(), 1000)
        now = shown(folder)
        assert now["lanes"][0]["last_position"] >= last, (now, last)
        equal(verdict(folder, 0)["records"], now["records"], "verify and show")
        code, out, _ = folder.run("spool", "salvage")
        equal(code, 0, out)
        contains(out, "nothing was changed", "salvage of a whole one")


def a_damaged_log():
    with Folder(CONFIG) as folder:
        writer = Writer(folder)
        writer.wait_for(1500)
        writer.kill()
        before = shown(folder)
        log = largest(folder, ".log")
        content = log.read_bytes()
        flip(log, len(content) // 2)
        damaged = log.read_bytes()
        found = verdict(folder, 1)
        contains(" ".join(found["what"]), "spool", found)
        code, _, err = folder.run("spool", "show")
        equal(code, 3, err)
        contains(err, "sluice spool salvage --sink pg", "show")
        code, out, err = folder.run("spool", "salvage", "--sink", "pg", "--json")
        equal(code, 1, err)
        done = json.loads(out)["spools"][0]
        assert done["changed"] and done["lost"] > 0, done
        # Nothing was deleted, and all is accounted for.
        aside = folder.path / done["set_aside"]
        equal((aside / "records" / log.name).read_bytes(), damaged, "the log as it was found")
        # The last append (60 records at most) may be there without having been acknowledged.
        counted = done["saved"] + done["damaged"] + done["lost"]
        assert counted >= before["records"] - 60, (done, before)
        equal(verdict(folder, 0)["records"], done["saved"], "after salvage")
        equal(shown(folder)["set_aside"], 1, "folders set aside")
        # And it works again.
        writer = Writer(folder)
        writer.wait_for(shown(folder)["lanes"][0]["last_position"] + 500)
        writer.kill()
        assert verdict(folder, 0)["whole"]


if __name__ == "__main__":
    harness.main([beside_a_running_process, after_a_kill, a_damaged_log])
