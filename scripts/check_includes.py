#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Module arrows: a module includes only what its line allows. usage: check_includes.py [ROOT]

Prints one line a forbidden #include and exits 1; the table here is the one the architecture notes
explain. Also: no file of code passes 400 lines.
"""
import pathlib
import re
import subprocess
import sys

MAX_LINES = 400
# The C interface is one header by contract: a plugin author includes exactly it.
MAY_BE_LONG = {"plugins/sdk/include/sluice/plugin.h"}

# module: what it may include directly, besides itself. What is listed brings nothing else with it.
ALLOWED = {
    "sdk": "",
    "base": "",
    "kafka": "",
    "config": "base",
    "record": "base sdk",
    "script": "base record",
    "schema": "base config record script",
    "plugin_host": "base config record sdk",
    "store": "base kafka",
    "triage": "base record store",
    "flow": "base",
    "deliver": "base config record sdk plugin_host store flow",
    "retry": "base config store",
    "pipeline": "base config record script schema sdk plugin_host store triage flow deliver retry",
    "conform": "base config record sdk plugin_host",
    "admin": "base config record script schema sdk plugin_host store triage flow deliver retry pipeline",
    "bench": "base config record script schema sdk plugin_host store flow deliver pipeline",
    "cli": "base config record script schema sdk plugin_host store triage flow deliver pipeline "
           "conform admin bench",
    "plugins/common": "sdk kafka",
    "plugin": "sdk plugins/common",
}
# Libraries that only these files speak to; everything else uses what they offer.
CONFINED = {"rocksdb/": ("runtime/store/rocks",),
            "libpq-fe.h": ("runtime/store/postgres.cc", "tests/unit/store/postgres_server.cc",
                           "plugins/sinks/postgres/connection.cc"),
            "librdkafka/": ("runtime/kafka/", "runtime/store/kafka", "plugins/common/kafka_",
                            "plugins/sources/kafka/", "plugins/sinks/kafka/",
                            "tests/unit/sink_kafka/"),
            "hiredis/": ("runtime/store/redis.cc",),
            "openssl/ssl.h": ("runtime/store/redis_tls.cc",),
            "pqxx/": ("plugins/sinks/postgres/",),
            "curl/": ("runtime/schema/registry/http.cc",)}
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')


def module_of(path):
    """The module of a path from the project root; None for what has no arrows (tests, system)."""
    parts = path.split("/")
    if parts[0] == "runtime" and len(parts) > 2:
        return parts[1]
    if path.startswith("plugins/sdk/") or parts[0] == "sluice":
        return "sdk"
    if path.startswith("plugins/common/"):
        return "plugins/common"
    if parts[0] == "plugins" and len(parts) > 3:
        return "/".join(parts[:3])
    return None


def check_includes(path, text):
    module = module_of(path)
    if module is None:
        return
    rules = ALLOWED.get("plugin" if module.startswith("plugins/s") else module)
    if rules is None:
        yield f"{path}:1: module '{module}' has no line in scripts/check_includes.py; add one"
        return
    allowed = set(rules.split()) | {module}
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        if found[1].startswith("tests/"):
            yield f"{path}:{number}: '{found[1]}' is a test's; product code must not include it"
            continue
        for library, home in CONFINED.items():
            if found[1].startswith(library) and not path.startswith(home):
                yield f"{path}:{number}: '{found[1]}' is for {home[0]}* only; use what that offers"
        target = module_of(found[1])
        if target is not None and target not in allowed:
            yield (f"{path}:{number}: '{module}' includes '{found[1]}' of '{target}'; it may "
                   f"include: {', '.join(sorted(allowed))}")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "*.cc", "*.h", "*.c", "*.cpp"],
                            check=True, capture_output=True, text=True).stdout.split()
    problems = []
    for path in listed:
        try:
            text = (root / path).read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # deleted, not yet committed
        problems += check_includes(path, text)
        lines = text.count("\n")
        if lines > MAX_LINES and path not in MAY_BE_LONG:
            problems.append(f"{path}:{lines}: {lines} lines, more than {MAX_LINES}; split it")
        if path.endswith(".h") and "#pragma once" not in text and "#ifndef" not in text:
            problems.append(f"{path}:1: a header without #pragma once (or, in C, a guard)")
        if "SPDX-License-Identifier" not in text.split("\n", 1)[0]:
            problems.append(f"{path}:1: the first line must be the SPDX-License-Identifier")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
