#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on our sources, in parallel, remembering what was clean.

usage: tidy.py BUILD_DIR JOBS [PATH_PREFIX...]

A result is remembered in .cache/tidy under a hash of everything it depends on: the tool's version,
the rules, the compile command, and the content of the source and of every project header it reaches.
Headers of the system count through the list of installed packages.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

TOOL = "clang-tidy-16"
CACHE = pathlib.Path(".cache/tidy")
INCLUDE = re.compile(rb'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)


class Hashes:
    """Content hashes of files and of all they include, each file read once."""

    def __init__(self, root):
        self.roots = [root, root / "plugins/sdk/include"]
        self.files = {}

    def direct(self, path):
        if path not in self.files:
            text = path.read_bytes()
            reached = []
            for name in INCLUDE.findall(text):
                for base in [path.parent, *self.roots]:
                    candidate = base / os.fsdecode(name)
                    if candidate.is_file():
                        reached.append(candidate.resolve())
                        break
            self.files[path] = (hashlib.sha256(text).digest(), reached)
        return self.files[path]

    def closure(self, path):
        seen, todo, digest = set(), [path], hashlib.sha256()
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo += self.direct(one)[1]
        for one in sorted(seen):
            digest.update(os.fsencode(one) + self.direct(one)[0])
        return digest.digest()


def environment():
    digest = hashlib.sha256()
    for command in ([TOOL, "--version"], ["dpkg-query", "-W", "-f", "${Package} ${Version}\n"]):
        digest.update(subprocess.run(command, capture_output=True, check=False).stdout)
    for rules in sorted(pathlib.Path(".").glob("**/.clang-tidy")):
        if "build" not in rules.parts:
            digest.update(os.fsencode(rules) + rules.read_bytes())
    return digest.digest()


def run(build, source):
    begin = time.monotonic()
    result = subprocess.run([TOOL, "-p", build, "--quiet", str(source)], capture_output=True,
                            text=True, check=False)
    return result.returncode, result.stdout, result.stderr, time.monotonic() - begin


def main():
    build, jobs, prefixes = sys.argv[1], int(sys.argv[2]), sys.argv[3:] or ["runtime/", "plugins/", "tests/"]
    root = pathlib.Path(".").resolve()
    commands = json.loads(pathlib.Path(build, "compile_commands.json").read_text(encoding="utf-8"))
    base, hashes, waiting, seen = environment(), Hashes(root), [], set()
    CACHE.mkdir(parents=True, exist_ok=True)
    for entry in commands:
        source = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if source in seen or not source.is_relative_to(root):
            continue
        name = str(source.relative_to(root))
        if not name.startswith(tuple(prefixes)):
            continue
        seen.add(source)
        key = hashlib.sha256(base + entry.get("command", "").encode() + hashes.closure(source)).hexdigest()
        if not (CACHE / key).exists():
            waiting.append((name, source, key))
    if not seen:
        sys.exit("error: %s names no source below %s" % (build, ", ".join(prefixes)))
    print("tidy: %d sources, %d to check" % (len(seen), len(waiting)), file=sys.stderr)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        started = {pool.submit(run, build, source): (name, key) for name, source, key in waiting}
        for done in concurrent.futures.as_completed(started):
            name, key = started[done]
            code, out, err, seconds = done.result()
            if code == 0:
                (CACHE / key).touch()
            else:
                failed.append(name)
                noise = re.compile(r"^\d+ warnings? .*(generated|treated as errors)\.?$|^Suppressed |^Use -header")
                print(out + "\n".join(line for line in err.splitlines() if not noise.match(line)))
            if os.environ.get("SLUICE_TIDY_TIMES"):
                print("%6.1fs %s" % (seconds, name), file=sys.stderr)
    for name in sorted(failed):
        print("tidy: FAILED " + name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
