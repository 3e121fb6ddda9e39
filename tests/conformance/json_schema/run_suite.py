#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the official JSON Schema Test Suite. usage: run_suite.py PROGRAM EXCEPTIONS.md

Exit code 77 (a skip) when the suite cannot be had here; with CI=true or SLUICE_REQUIRE_SUITE=1 that
is a failure.
"""
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[3]
SKIP = 77


def main():
    program, exceptions = sys.argv[1:3]
    fetched = subprocess.run([sys.executable, str(SOURCE / "scripts/fetch_json_schema_suite.py")],
                             stdout=subprocess.PIPE, text=True, check=False)
    if fetched.returncode != 0:
        required = (os.environ.get("CI", "").lower() in ("true", "1")
                    or os.environ.get("SLUICE_REQUIRE_SUITE") == "1")
        print("%s: the JSON Schema Test Suite cannot be had (above)"
              % ("FAILED" if required else "SKIPPED"))
        return 1 if required else SKIP
    return subprocess.run([program, fetched.stdout.strip(), exceptions], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
