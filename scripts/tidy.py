#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on our sources, in parallel, remembering what was clean.

usage: tidy.py BUILD_DIR JOBS [PATH_PREFIX...]

What was clean is remembered as an empty file named by the hash of everything the result depends on:
the tool, the installed headers (through the packages they come from), the rules, the compile commands,
and the content of the source and of every project file it reaches. Paths count from the project's
root, so all clones share one memory: SLUICE_TIDY_CACHE, or sluice-tidy in the user's cache folder.
An entry only says "clean", so several runs may read and write it at once.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

TOOL = "clang-tidy-16"
MAX_ENTRIES = 20000  # about sixty times the sources; the longest unused go first
INCLUDE = re.compile(rb'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
COMMENT = re.compile(rb"^\s*#.*\n", re.MULTILINE)
NOISE = re.compile(r"^\d+ warnings? .*(generated|treated as errors)\.?$|^Suppressed |^Use -header")


class Tree:
    """The project's files: what each includes, and one hash for all a source depends on."""

    def __init__(self, root):
        self.root = root
        self.bases = [root, root / "plugins/sdk/include"]
        self.files = {}  # path -> (text, project files it includes)

    def direct(self, path):
        if path not in self.files:
            text = path.read_bytes()
            reached = []
            for name in INCLUDE.findall(text):
                for base in [path.parent, *self.bases]:
                    candidate = base / os.fsdecode(name)
                    if candidate.is_file():
                        reached.append(candidate.resolve())
                        break
            self.files[path] = (text, reached)
        return self.files[path]

    def closure(self, path):
        seen, todo = set(), [path]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo += self.direct(one)[1]
        return sorted(seen)

    def rules(self, files):
        """The rule files that apply to any of `files`: names in a header follow its own folder's."""
        folders = {folder for one in files for folder in one.parents if folder.is_relative_to(self.root)}
        return [rule for rule in sorted(folder / ".clang-tidy" for folder in folders) if rule.is_file()]

    def key(self, tool, source, commands):
        digest = hashlib.sha256(tool)
        files = self.closure(source)
        for command in commands:
            digest.update(command.replace(str(self.root), ".").encode() + b"\0")
        for one in files + self.rules(files):
            text = self.direct(one)[0]
            if one.name == ".clang-tidy":
                text = COMMENT.sub(b"", text)  # a better reason for a rule changes no result
            digest.update(os.path.relpath(one, self.root).encode() + b"\0")
            digest.update(hashlib.sha256(text).digest())
        return digest.hexdigest()

    def distinct(self, source, entries):
        """Of several compilations of one source, those that differ in a macro it or its headers name."""
        text = b"\n".join(self.direct(one)[0] for one in self.closure(source))
        words = set(re.findall(rb"[A-Za-z_]\w*", text))
        kept = {}
        for entry in entries:
            macros = sorted(arg for arg in shlex.split(entry["command"])
                            if arg.startswith("-D") and arg[2:].split("=")[0].encode() in words)
            kept.setdefault(tuple(macros), entry)
        return list(kept.values())


class Memory:
    """The keys of what was clean. Without a writable folder it remembers nothing."""

    def __init__(self):
        place = os.environ.get("SLUICE_TIDY_CACHE") or os.path.join(
            os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sluice-tidy")
        self.folder = pathlib.Path(place)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            print("tidy: nothing will be remembered: %s" % error, file=sys.stderr)

    def knows(self, key):
        try:
            os.utime(self.folder / key)  # in use: dropped last
            return True
        except OSError:
            return False

    def add(self, key):
        try:
            (self.folder / key).touch()
        except OSError:
            pass  # said once, above; the next run checks again

    def trim(self):
        try:
            entries = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(self.folder)
                       if re.fullmatch("[0-9a-f]{64}", entry.name)]
        except OSError:
            return  # another run is trimming too
        for _, path in sorted(entries)[:max(0, len(entries) - MAX_ENTRIES)]:
            pathlib.Path(path).unlink(missing_ok=True)


def installed():
    """The tool and every package that brings headers."""
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    packages = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n"], capture_output=True,
                              text=True, check=True).stdout.splitlines()
    relevant = [line for line in packages if re.match(r"\S*(-dev|clang\S*|llvm\S*) ", line)]
    return hashlib.sha256(version + "\n".join(sorted(relevant)).encode()).digest()


def commands_of(root, build, prefixes):
    """source -> its entries in the compile commands, for the sources of ours below the prefixes."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if source.is_relative_to(root) and str(source.relative_to(root)).startswith(tuple(prefixes)):
            found.setdefault(source, []).append(entry)
    return found


def run(database, source):
    begin = time.monotonic()
    result = subprocess.run([TOOL, "-p", str(database), "--quiet", str(source)], capture_output=True,
                            text=True, check=False)
    return result.returncode, result.stdout, result.stderr, time.monotonic() - begin


def main():
    build, jobs = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    prefixes = sys.argv[3:] or ["runtime/", "plugins/", "tests/"]
    root = pathlib.Path(".").resolve()
    tool, tree, memory = installed(), Tree(root), Memory()
    found = commands_of(root, build, prefixes)
    if not found:
        sys.exit("error: %s names no source below %s" % (build, ", ".join(prefixes)))
    keys, waiting, database = {}, [], []
    for source, entries in found.items():
        entries = tree.distinct(source, entries)
        commands = [entry["command"] for entry in entries]
        keys[source] = (tree.key(tool, source, commands), commands)
        if not memory.knows(keys[source][0]):
            waiting.append(source)
            database += entries
    print("tidy: %d sources, %d to check" % (len(found), len(waiting)), file=sys.stderr)

    # A folder of this run's own: the tool reads every command it finds for a source.
    folder = build / ("tidy.%d" % os.getpid())
    folder.mkdir()
    failed, begin = [], time.monotonic()
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        (folder / "compile_commands.json").write_text(json.dumps(database), encoding="utf-8")
        started = {pool.submit(run, folder, source): source for source in waiting}
        for done in concurrent.futures.as_completed(started):
            source, (code, out, err, seconds) = started[done], done.result()
            key, commands = keys[source]
            if code != 0:
                failed.append(str(source.relative_to(root)))
                print(out + "\n".join(line for line in err.splitlines() if not NOISE.match(line)))
            elif Tree(root).key(tool, source, commands) == key:  # nobody wrote to it meanwhile
                memory.add(key)
            if os.environ.get("SLUICE_TIDY_TIMES"):
                print("%6.1fs %s" % (seconds, source.relative_to(root)), file=sys.stderr)
    finally:
        pool.shutdown(cancel_futures=True)  # interrupted: what runs ends, the rest does not begin
        (folder / "compile_commands.json").unlink(missing_ok=True)
        folder.rmdir()
    memory.trim()
    if waiting:
        used = os.times()
        print("tidy: checked %d in %d s, %d s of processor time" %
              (len(waiting), time.monotonic() - begin, used.children_user + used.children_system),
              file=sys.stderr)
    for name in sorted(failed):
        print("tidy: FAILED " + name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
