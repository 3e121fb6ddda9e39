#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The official JSON Schema Test Suite, from the source archive of PyPI's `jsonschema`.

usage: fetch_json_schema_suite.py       prints the folder that holds `tests` and `remotes`

The archive is fetched with pip from the index this machine is set up for, checked against a pinned
hash, and unpacked into .cache/ (which git ignores). What is there already is used again. Exits 1
with the reason when it cannot be had.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "jsonschema"
VERSION = "4.23.0"
SHA256 = "d71497fef26351a33265337fa77ffeb82423f3ea21283cd9467bb03999266bc4"
ARCHIVE = "%s-%s.tar.gz" % (PACKAGE, VERSION)
CACHE = pathlib.Path(__file__).resolve().parent.parent / ".cache" / "json-schema-suite"
SUITE = CACHE / ("%s-%s" % (PACKAGE, VERSION))
PIP_SECONDS = 300


def fail(text):
    print("fetch_json_schema_suite: " + text, file=sys.stderr)
    sys.exit(1)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def download(folder):
    """The archive, by pip. It wants to know the package's requirements, which it may not install."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--no-binary", PACKAGE, "--dest", str(folder),
               "%s==%s" % (PACKAGE, VERSION)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS,
                              stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        fail("pip could not be run: %s" % error)
    archive = folder / ARCHIVE
    # pip keeps the archive even where it cannot prepare the package for installation.
    if not archive.is_file():
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        fail("`%s -m pip download %s==%s` failed: %s; is pip (Debian: python3-pip) installed, and "
             "can it reach its package index?" % (sys.executable, PACKAGE, VERSION, last))
    return archive


def unpack(archive, folder):
    prefix = "%s-%s/json/" % (PACKAGE, VERSION)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            name = member.name
            if not member.isfile() or not name.startswith(prefix) or not name.endswith(".json"):
                continue
            target = (folder / name[len(prefix):]).resolve()
            if folder.resolve() not in target.parents:
                fail("the archive holds a path that leads out of it: %s" % name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(tar.extractfile(member).read())


def main():
    if (SUITE / "complete").is_file():
        print(SUITE)
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        scratch = pathlib.Path(scratch)
        archive = download(scratch)
        if digest(archive) != SHA256:
            fail("%s has SHA-256 %s, expected %s; it is not used"
                 % (ARCHIVE, digest(archive), SHA256))
        fresh = scratch / "suite"
        unpack(archive, fresh)
        (fresh / "complete").write_text(SHA256 + "\n", encoding="ascii")
        if SUITE.exists():
            shutil.rmtree(SUITE)
        try:
            os.rename(fresh, SUITE)
        except OSError:
            if not (SUITE / "complete").is_file():  # else another run was faster
                raise
    print(SUITE)


if __name__ == "__main__":
    main()
