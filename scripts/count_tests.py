#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says how many tests ctest ran, failed and skipped, and names those that did not pass.

usage: count_tests.py REPORT.xml PRESET

A GoogleTest program that ran as one entry (sanitizer builds) counts with each of its cases. With
SLUICE_NO_SKIPS=1 in the environment the exit code is 1 when anything was skipped.
"""
import os
import re
import sys
import xml.etree.ElementTree as tree

RAN = re.compile(r"^\[==========\] (\d+) tests? from .* ran\.", re.MULTILINE)
# What a gate's last lines need to tell which case it was, and why.
BROKEN = re.compile(r"^(?:\[  FAILED  \] [\w/]+\.[\w/]+ .*|\S+:\d+: Failure|SUMMARY: .*)$", re.MULTILINE)
SKIPPED = re.compile(r"^\[  SKIPPED \] ([\w/]+\.[\w/]+)$", re.MULTILINE)
TEXT = {"notrun": "skipped", "disabled": "disabled", "fail": "FAILED"}


def main():
    report, preset = sys.argv[1:]
    try:
        entries = list(tree.parse(report).getroot().iter("testcase"))
    except (OSError, tree.ParseError):
        sys.exit("error: ctest left no report; see build/%s/ctest.log" % preset)
    ran, broken, failed, skipped = 0, 0, [], []
    for entry in entries:
        name, status = entry.get("name"), entry.get("status")
        output = entry.findtext("system-out") or ""
        cases = sum(int(count) for count in RAN.findall(output))
        ran += max(cases, 1)
        if status == "fail":
            broken += 1
            failed.append(name)
            failed += ["%s: %s" % (name, line) for line in BROKEN.findall(output)[:5]]
        elif status != "run":
            skipped.append("%s (%s)" % (name, TEXT.get(status, status)))
        elif cases > 1:
            skipped += ["%s: %s" % (name, case) for case in sorted(set(SKIPPED.findall(output)))]
    for name in skipped:
        print("  skipped: %s" % name)
    for name in failed:
        print("  FAILED: %s" % name)
    print("tests (%s): %d run in %d entries, %d entries failed, %d skipped" % (
        preset, ran, len(entries), broken, len(skipped)))
    if skipped and os.environ.get("SLUICE_NO_SKIPS") == "1":
        print("error: nothing may be skipped here (SLUICE_NO_SKIPS=1)")
        return 1
    return 0


sys.exit(main())
