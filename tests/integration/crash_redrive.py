# SPDX-License-Identifier: Apache-2.0
"""A folder full of dead letters whose redrive is crashed again and again, and what has to hold.

Schema and script are repaired, so every letter would pass: `bad` records are for all sinks, `refuse`
records have a letter a sink. Between two crashes the redrive is resumed, or asked for anew where it
ended before its letters were chosen.
"""
import json
import signal
import subprocess

from crash_run import PROGRAM, SCHEMA, SQLITE, TIMEOUT, Series
from harness import equal

SCRIPT = """\
function transform(record)
  if record.kind == "refuse" then record.kind = "repaired" end
  return record
end
"""
ANY_KIND = json.dumps({**json.loads(SCHEMA), "properties": {"kind": {"type": "string"}}})
# Several batches, so that some letters are settled and others are not when it is killed.
RATE = "400/s"
# Fault points that only a redrive comes to.
ONLY_HERE = ("redrive.", "redrives.", "ledger.redriven.")
# And others that are on its way.
ON_THE_WAY = ("deliver.", "sink.write.", "ledger.delivered.", "audit.append.", "state_dir.")


class RedriveSeries(Series):
    def __init__(self, cell, seed):
        super().__init__(cell, seed)
        self.chosen = {}  # by run: what had a letter when it began, by sink
        code, _, err = self.process(kill_after=TIMEOUT)
        assert code == 0, "exit %d\n%s" % (code, err)
        self.first = self.all_letters()
        self.before = {name: self.takes(name) for name in self.names()}
        (self.path / "schema.json").write_text(ANY_KIND)
        (self.path / "script.lua").write_text(SCRIPT)

    def names(self):
        return ["%s%d" % (kind, number) for number, kind in enumerate(self.cell.sinks)]

    def all_letters(self):
        """By sink: the records that it has a letter of, its own or that of all sinks."""
        letters = self.letters()
        everywhere = letters.pop("", set())
        out = {name: letters.pop(name, set()) | everywhere for name in self.names()}
        equal(letters, {}, "letters of sinks that are not there")
        return out

    def takes(self, name):
        """How often a sink took each record, and in which run, as far as that is known."""
        number = int(name[-1])
        if self.cell.sinks[number] in SQLITE:
            rows = self.query("rows%d.db" % number, "SELECT id FROM rows ORDER BY rowid")
            return [(0, row[0]) for row in rows]
        return self.effects(name)

    def plan(self):
        """The last redrive; None: there was none."""
        out = subprocess.run([PROGRAM, "dlq", "redrive", "--list", "--json", "--limit", "1"],
                             cwd=self.path, check=True, capture_output=True, text=True).stdout
        return json.loads(out) if out.strip() else None

    def command(self):
        plan = self.plan()
        if plan is None or plan["state"] in ("choosing", "done"):
            return ["--rate", RATE, "--allow-overwrite"]
        return ["--resume", str(plan["id"])]

    def redrive(self, fault=None, kill_after=None):
        """True: it was killed, as wanted. False: it came to its end."""
        how = self.command()
        self.chosen[self.run_number + 1] = self.all_letters()
        code, out, err = self.execute(["dlq", "redrive", "--json", *how], fault=fault,
                                      kill_after=kill_after)
        assert code in (0, -signal.SIGKILL), "exit %d of %s with %s\n%s" % (code, how, fault, err)
        self.check_letters()
        if code == 0:
            plan = json.loads(out)
            equal((plan["left"], plan["failed"], plan["state"]), (0, 0, "done"), "the redrive")
            equal(plan["chosen"], plan["committed"] + plan["duplicate"] + plan["gone"], "letters")
            return False
        self.kills += 1
        return True

    def finish(self):
        # It may have come to its end just before it was killed.
        if any(self.all_letters().values()):
            assert not self.redrive(kill_after=TIMEOUT), "the redrive did not come to its end"
        equal({name: set() for name in self.names()}, self.all_letters(), "letters at the end")
        code, account, err = self.process(kill_after=TIMEOUT)
        assert code == 0, "exit %d\n%s" % (code, err)
        equal((account["received"], account["in_flight"]), (0, 0), "one more run")

    # ---- what has to hold -----------------------------------------------------------------------

    def check_letters(self):
        """A letter goes only once its record is settled; and then nobody gets the record again."""
        letters = self.all_letters()
        for name in self.names():
            new = letters[name] - self.first[name]
            assert not new, "letters of %s that were not there before: %s" % (name, sorted(new))
            takes = self.takes(name)
            redriven = takes[len(self.before[name]):]
            missing = self.first[name] - letters[name] - {record for _, record in redriven}
            assert not missing, "no letter, and not in %s: %s" % (name, sorted(missing))
            self.check_takes(name, redriven)
            equal(sorted(takes[:len(self.before[name])]), sorted(self.before[name]),
                  "what %s had before" % name)

    def check_takes(self, name, redriven):
        times = {}
        for run, record in redriven:
            times[record] = times.get(record, 0) + 1
            if run:
                assert record in self.chosen[run][name], "%s took %s in run %d, without a letter" % (
                    name, record, run)
        equal(len(redriven), len(set(redriven)) if self.cell.sinks[int(name[-1])] not in SQLITE
              else len(redriven), "a record twice in one run of " + name)
        # Once more for each crash that left its letter, where nothing absorbs that.
        most = 1 if name.startswith("upsert") else len(self.chosen)
        often = {record: n for record, n in times.items() if n > most}
        assert not often, "%s took too often: %s" % (name, often)
