#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs what a page of documentation shows, in a fresh folder.

usage: run_transcript.py PAGE.md... ; the program is $SLUICE.

A fenced block whose first line names a language and a path (```lua transformers/orders.lua) is written
to that file. A block ```console holds commands, each after "$ ", and what they print, stdout and stderr
together; "..." alone on a line stands for any lines. Times ("0.4 ms") may differ; in a block
```console figures every number may, and so may the width of columns. `--update` writes what the commands
print into the page instead of comparing.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TIMEOUT = 120
FENCE = re.compile(r"^```(\w+)(?: +(.+))?$")


def blocks(lines):
    """(language, argument, first line, end) of each fenced block; the fences themselves left out."""
    start = None
    for number, line in enumerate(lines):
        if start is None:
            found = FENCE.match(line)
            if found:
                start = (found[1], found[2] or "", number + 1)
        elif line == "```":
            yield (*start, number)
            start = None
    assert start is None, "the block of line %d does not end" % start[2]


def mask(line, figures):
    line = re.sub(r"\d+\.\d ms", "N ms", line)
    if figures:
        line = re.sub(r"\d[\d,.]*", "N", line)
        line = re.sub(r"N(Ki|Mi)?B\b", "N bytes", line)
        line = re.sub(r" +", " ", line)
    return line.rstrip()


def matches(expected, found):
    """Are the lines equal, "..." standing for any number of them?"""
    if not expected:
        return not found
    if expected[0] == "...":
        return any(matches(expected[1:], found[i:]) for i in range(len(found) + 1))
    return bool(found) and expected[0] == found[0] and matches(expected[1:], found[1:])


class Page:
    def __init__(self, path, folder):
        self.path, self.folder, self.code = path, folder, 0
        self.failed = 0
        bin_folder = folder / ".bin"
        bin_folder.mkdir()
        (bin_folder / "sluice").symlink_to(os.path.abspath(os.environ.get("SLUICE", "sluice")))
        self.work = folder / "work"
        self.work.mkdir()
        self.env = {**os.environ, "PATH": "%s:%s" % (bin_folder, os.environ["PATH"]),
                    "HOME": str(folder), "LC_ALL": "C.UTF-8"}

    def run(self, command):
        """What it prints; `echo $?` sees the command before."""
        done = subprocess.run(["bash", "-c", "(exit %d)\n%s" % (self.code, command)], cwd=self.work,
                              env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)
        self.code = done.returncode
        return done.stdout.decode().splitlines()

    def console(self, lines, first, figures):
        """Runs the commands of a block; answers the block as it should be."""
        out, at = [], 0
        while at < len(lines):
            assert lines[at].startswith("$ "), "%s:%d: expected a command" % (self.path, first + at)
            command, place = lines[at][2:], first + at
            out.append(lines[at])
            at += 1
            while command.endswith("\\") or lines[at - 1].startswith("> "):
                if at == len(lines) or not lines[at].startswith("> "):
                    break
                command += "\n" + lines[at][2:]
                out.append(lines[at])
                at += 1
            expected = []
            while at < len(lines) and not lines[at].startswith("$ "):
                expected.append(lines[at])
                at += 1
            found = self.run(command)
            wanted = [mask(line, figures) for line in expected]
            masked = [mask(line, figures) for line in found]
            good = matches(wanted, masked)
            out += expected if good else found
            if not good:
                self.failed += 1
                print("%s:%d: %s prints something else:" % (self.path, place + 1, command))
                print("\n".join(difflib.unified_diff(wanted, masked, "page", "found", lineterm="")))
        return out

    def check(self, update):
        lines = self.path.read_text().splitlines()
        new, copied = [], 0
        for language, argument, first, end in list(blocks(lines)):
            if language == "console":
                block = self.console(lines[first:end], first, argument == "figures")
                new += lines[copied:first] + block
                copied = end
            elif argument:
                target = self.work / argument
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text("\n".join(lines[first:end]) + "\n")
        if update:
            self.path.write_text("\n".join(new + lines[copied:]) + "\n")
        return self.failed


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    update = len(arguments) < len(sys.argv) - 1
    failed = 0
    for name in arguments:
        with tempfile.TemporaryDirectory(prefix="sluice-docs-") as folder:
            failed += Page(pathlib.Path(name), pathlib.Path(folder)).check(update)
        print("%s %s" % ("ok" if not failed else "FAILED", name))
    return 1 if failed and not update else 0


if __name__ == "__main__":
    sys.exit(main())
