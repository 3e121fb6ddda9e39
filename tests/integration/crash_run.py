# SPDX-License-Identifier: Apache-2.0
"""One folder that is crashed again and again, and what has to hold after each crash.

The source (plugins/forgetful_source.cc) never gives a record again that was acknowledged, so one that was
acknowledged too early is missing. Sinks, by kind:

effects  writes a durable line for each time it took a record: a repeat shows
append   SQLite without a key, exactly once: a repeat would be a second row
upsert   SQLite with a key and without marks: repeats are absorbed

With a spool, `effects` has outages: what it cannot take is spooled, and acknowledged by that.
"""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile

from harness import Folder, check_identity, equal

PROGRAM = os.environ.get("SLUICE_FAULTS", "sluice-faults")
PLUGINS = os.environ.get("SLUICE_TEST_PLUGINS", "")
SHIPPED_PLUGINS = os.path.join(os.path.dirname(os.path.dirname(PROGRAM)), "lib/sluice/plugins")
TIMEOUT = 120

SCRIPT = 'function transform(record) if record.kind == "filter" then return nil end return record end\n'
SCHEMA = json.dumps({"type": "object", "required": ["id", "kind"], "properties": {
    "id": {"type": "string"}, "kind": {"enum": ["good", "filter", "refuse"]}}})
TABLE = "CREATE TABLE rows (id TEXT%s, kind TEXT CHECK (kind <> 'refuse'))"
SQLITE = ("append", "upsert")


class Cell:
    """A line of the matrix: what runs."""

    def __init__(self, sinks, out_of_order, resume, spool=False, lanes=3, records=150, key="origin"):
        self.sinks, self.out_of_order, self.resume, self.spool = sinks, out_of_order, resume, spool
        self.lanes, self.records, self.key = lanes, records, key

    def __str__(self):
        return "%s, %s, above the %s, spool %s, key %s" % (
            "+".join(self.sinks), "out of order" if self.out_of_order else "in order", self.resume,
            "on" if self.spool else "off", self.key)

    def config(self, seed):
        sinks = {"%s%d" % (kind, i): self.sink(kind, i, seed) for i, kind in enumerate(self.sinks)}
        source = {"use": "forgetful", "config": {
            "journal": "./journal", "lanes": self.lanes, "records": self.records, "seed": seed,
            "pause_ms": 4, "resume": self.resume}}
        return json.dumps({
            "runtime": {"state": {"dir": "./state"}, "admin": {"listen": "off"}, "workers": 2,
                        "drain_timeout": "500ms",
                        "plugin_dirs": [PLUGINS, SHIPPED_PLUGINS]},
            "pipelines": {"p": {"sources": {"src": source}, "schema": "schema.json",
                                "transform": "script.lua", "idempotency": {"key": self.key},
                                "sinks": sinks}}})

    def sink(self, kind, number, seed):
        out = {"use": "effects", "batch": {"linger": "1ms", "records": 64},
               # Waits as often as it takes: whether a record is given up is not what is tried here.
               "retry": {"max_attempts": 1000, "base": "1ms", "cap": "5ms"},
               "config": {"path": "./%s%d" % (kind, number), "seed": seed + number}}
        if kind in SQLITE:
            out["use"] = "sqlite"
            out["config"] = {"path": "./rows%d.db" % number, "table": "rows",
                             "columns": {"id": "/id", "kind": "/kind"}}
            if kind == "upsert":
                out["config"].update({"key": ["/id"], "exactly_once": False})
        elif self.out_of_order:
            out["config"].update({"retry": 3, "slow_ms": 3 * number})
        if self.spools(kind):
            out["config"]["outage"] = 15
            out["breaker"] = {"failures": 1, "half_open_after": "10ms"}
            out["spool"] = "1MiB"
        return out

    def spools(self, kind):
        return self.spool and kind == "effects"


class Series(Folder):
    """Processes one after the other on the same folder, most of them killed."""

    def __init__(self, cell, seed):
        self.cell, self.seed, self.run_number, self.kills = cell, seed, 0, 0
        super().__init__(cell.config(seed), {"schema.json": SCHEMA, "script.lua": SCRIPT})
        for i, kind in enumerate(cell.sinks):
            if kind in SQLITE:
                with sqlite3.connect(self.path / ("rows%d.db" % i)) as rows:
                    rows.execute(TABLE % (" PRIMARY KEY" if kind == "upsert" else ""))

    def process(self, fault=None, kill_after=None, preload=None, trace=None):
        """Runs once; exit code, account (None unless it came to its end) and what it said."""
        code, out, err = self.execute(["run", "--once", "--json"], fault, kill_after, preload, trace)
        account = None
        if code == 0:
            account = json.loads(out.splitlines()[-1])["pipelines"]["p"]
            check_identity(account)
        return code, account, err

    def execute(self, command, fault=None, kill_after=None, preload=None, trace=None):
        self.run_number += 1
        env = {**os.environ, "SLUICE_TEST_RUN": str(self.run_number), **(preload or {})}
        if fault:
            env["SLUICE_FAULT"] = fault
        if trace:
            env["SLUICE_FAULT_TRACE"] = trace
        process = subprocess.Popen([PROGRAM, *command], cwd=self.path, env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.processes.append(process)
        try:
            out, err = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        self.processes.remove(process)
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def crash(self, fault=None, kill_after=None):
        """True: it was killed, as wanted. False: it came to its end first."""
        code, _, err = self.process(fault=fault, kill_after=kill_after)
        assert code in (0, -signal.SIGKILL), "exit %d with %s\n%s" % (code, fault, err)
        if code == 0:
            return False
        self.kills += 1
        self.check_acknowledged()
        return True

    def finish(self):
        """Runs to the end, then checks all there is to check."""
        code, account, err = self.process(kill_after=TIMEOUT)
        assert code == 0, "exit %d\n%s" % (code, err)
        equal(account["in_flight"], 0, "in flight at the end")
        code, account, err = self.process(kill_after=TIMEOUT)
        equal((code, account["received"]), (0, 0), "exit and records of one more run")
        self.check_acknowledged()
        self.check_all_there()

    # ---- what should be -------------------------------------------------------------------------

    def kind(self, lane, position):
        dice = (lane * 7919 + position * 104729 + self.seed) % 100
        return ("bad" if dice < 4 else "filter" if dice < 8 else "refuse" if dice < 11 else "good")

    def records(self, kind, upto=None):
        return {"%d/%d" % (lane, position) for lane in range(self.cell.lanes)
                for position in range(1, (upto.get(lane, 0) if upto is not None else
                                          self.cell.records) + 1)
                if self.kind(lane, position) == kind}

    # ---- what is --------------------------------------------------------------------------------

    def journal(self):
        try:
            lines = (self.path / "journal").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line.split() for line in lines if line.count(" ") == 3]

    def acknowledged(self):
        marks = {}
        for what, _, lane, position in self.journal():
            number = int(lane.removeprefix("lane-"))
            if what == "behind":
                self.check_behind(number, int(position), marks.get(number, 0))
            if what == "ack":
                marks[number] = max(marks.get(number, 0), int(position))
        return marks

    def check_behind(self, lane, mark, acked):
        """What never comes to a sink (no letter of it, no row) does not hold up an acknowledgement, but
        only the next write moves that sink's own mark past it: the lane may go on below such records."""
        passed = {self.kind(lane, position) for position in range(mark + 1, acked + 1)}
        assert "append" in self.cell.sinks and passed <= {"bad", "filter"}, \
            "lane %d was acknowledged up to %d and goes on above %d" % (lane, acked, mark)

    def starts(self, run):
        """Where the lanes went on in that run."""
        return {int(lane.removeprefix("lane-")): int(position)
                for what, number, lane, position in self.journal()
                if what == "open" and int(number) == run}

    def effects(self, name):
        """(run, record) in the order they were taken."""
        out, run = [], 0
        try:
            text = (self.path / name).read_text()
        except FileNotFoundError:
            return out
        for line in text[:text.rfind("\n") + 1].splitlines():
            if line.startswith("#open "):
                run = int(line[6:])
            else:
                out.append((run, line))
        return out

    def query(self, database, sql):
        """Asks a copy: opening the files themselves would do the recovery in the program's place."""
        with tempfile.TemporaryDirectory() as folder:
            source = self.path / database
            for suffix in ("", "-wal"):
                if os.path.exists(str(source) + suffix):
                    shutil.copy(str(source) + suffix, os.path.join(folder, "copy.db" + suffix))
            if not os.path.exists(os.path.join(folder, "copy.db")):
                return []
            connection = sqlite3.connect(os.path.join(folder, "copy.db"))
            try:
                return connection.execute(sql).fetchall()
            finally:
                connection.close()

    def letters(self):
        """Records that have a letter, by the sink that refused them ("": before any)."""
        out = {}
        for lane, position, sink in self.query(
                "state/dead_letters.db",
                "SELECT l.lane, l.position, c.sink FROM letters l JOIN classes c ON c.id = l.class"):
            lane = lane.decode() if isinstance(lane, bytes) else lane
            record = "%d/%d" % (int(lane.removeprefix("lane-")), position)
            assert record not in out.setdefault(sink, set()), "two letters of " + record
            out[sink].add(record)
        return out

    def taken(self, name, kind, number):
        if kind in SQLITE:
            rows = [row[0] for row in self.query("rows%d.db" % number, "SELECT id FROM rows")]
            equal(len(rows), len(set(rows)), "rows and different rows of " + name)
            return set(rows)
        return {record for _, record in self.effects(name)}

    # ---- what has to hold -----------------------------------------------------------------------

    def check_acknowledged(self):
        """Nothing was acknowledged that is not kept somewhere."""
        marks = self.acknowledged()
        letters = self.letters()
        missing = self.records("bad", marks) - letters.get("", set())
        assert not missing, "acknowledged without a letter: %s" % sorted(missing)
        for number, kind in enumerate(self.cell.sinks):
            name = "%s%d" % (kind, number)
            taken = self.taken(name, kind, number)
            missing = self.records("good", marks) - taken
            refused = self.records("refuse", marks) - letters.get(name, set())
            if self.cell.spools(kind):
                self.check_spooled(name, missing | refused)
                continue
            assert not missing, "acknowledged and not in %s: %s" % (name, sorted(missing))
            assert not refused, "acknowledged, refused by %s, no letter: %s" % (name, refused)

    def check_spooled(self, name, missing):
        """What was acknowledged and is not at the sink is in its spool, by lanes."""
        if not missing:
            return
        out = subprocess.run([PROGRAM, "spool", "show", "--state", "state", "--sink", name, "--lanes",
                              "--json"], cwd=self.path, check=True, capture_output=True, text=True)
        inside = {lane["lane"]: lane for spool in json.loads(out.stdout)["spools"]
                  for lane in spool["lanes"]}
        for lane in range(self.cell.lanes):
            positions = [int(record.split("/")[1]) for record in missing
                         if record.startswith("%d/" % lane)]
            held = inside.get("lane-%d" % lane, {"records": 0, "last_position": 0})
            assert not positions or (len(positions) <= held["records"]
                                     and max(positions) <= held["last_position"]), \
                "acknowledged and neither in %s nor its spool: lane %d, %s, inside %s" % (
                    name, lane, sorted(positions), held)

    def check_all_there(self):
        # Not what was acknowledged: of a crash between checkpoint and ack a source that goes on above
        # the mark hears no more.
        equal(self.starts(self.run_number), {lane: self.cell.records
                                             for lane in range(self.cell.lanes)},
              "where the last run went on")
        letters = self.letters()
        equal(letters.pop("", set()), self.records("bad"), "letters of bad records")
        for number, kind in enumerate(self.cell.sinks):
            name = "%s%d" % (kind, number)
            equal(letters.pop(name, set()), self.records("refuse"), "letters of " + name)
            equal(self.taken(name, kind, number), self.records("good"), "records in " + name)
            if kind == "effects":
                self.check_repeats(name, self.cell.spools(kind))
                self.check_order(name)
        equal(letters, {}, "letters of sinks that are not there")

    def check_order(self, name):
        """Records of a lane come in their order; repeats after a crash aside."""
        last, seen = {}, set()
        for _, record in self.effects(name):
            lane, position = record.split("/")
            assert record in seen or int(position) > last.get(lane, 0), \
                "%s took %s after %d" % (name, record, last[lane])
            seen.add(record)
            last[lane] = max(last.get(lane, 0), int(position))

    def check_repeats(self, name, spools):
        """A record comes twice only by way of a restart: that was above its last ack or mark, or
        found it in the spool, which it had not left yet."""
        starts = {run: self.starts(run) for run in range(1, self.run_number + 1)}
        seen = {}
        for run, record in self.effects(name):
            assert seen.get(record) != run, "%s took %s twice in run %d" % (name, record, run)
            seen[record] = run
            lane, position = record.split("/")
            assert spools or int(position) > starts[run][int(lane)], \
                "%s took %s again" % (name, record)
        if self.kills == 0:
            equal(len(self.effects(name)), len(seen), "effects without a crash")
