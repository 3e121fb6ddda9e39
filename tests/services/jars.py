# SPDX-License-Identifier: Apache-2.0
"""Java programs for tests: the jars of a pinned pom.xml, fetched once into the user's cache."""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import time


class Missing(Exception):
    """The program cannot be had here; the text says why and what would help."""


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base) / "sluice-tests"


def fetch(pom):
    """The folder with the jars of `pom`. One process fetches, others wait for it."""
    for program, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if shutil.which(program) is None:
            raise Missing("there is no %s here; install the package %s" % (program, package))
    text = pathlib.Path(pom).read_bytes()
    name = "%s-%s" % (pathlib.Path(pom).parent.name, hashlib.sha256(text).hexdigest()[:16])
    folder = cache() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(cache() / (name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            copy_dependencies(pom, folder)
    return folder


def copy_dependencies(pom, folder):
    partial = folder.with_suffix(".partial")
    for attempt in range(3):
        shutil.rmtree(partial, ignore_errors=True)
        done = subprocess.run(
            ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
             "-DincludeScope=runtime", "-DoutputDirectory=" + str(partial)],
            capture_output=True, text=True)
        if done.returncode == 0:
            partial.rename(folder)  # whole or not at all
            return
        time.sleep(2 * attempt)  # another machine's trouble; nothing here can be waited for
    raise Missing("maven could not fetch what %s names:\n%s" % (pom, done.stdout[-2000:]))
