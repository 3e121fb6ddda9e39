# SPDX-License-Identifier: Apache-2.0
"""Java programs for tests: the jars of a pinned pom.xml, or an archive, fetched once into the user's cache."""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile
import time


class Missing(Exception):
    """The program cannot be had here; the text says why and what would help."""


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base) / "sluice-tests"


def need_programs():
    for program, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if shutil.which(program) is None:
            raise Missing("there is no %s here; install the package %s" % (program, package))


def fetch(pom):
    """The folder with the jars of `pom`. One process fetches, others wait for it."""
    need_programs()
    text = pathlib.Path(pom).read_bytes()
    name = "%s-%s" % (pathlib.Path(pom).parent.name, hashlib.sha256(text).hexdigest()[:16])
    return once(name, lambda partial: maven(
        str(pom), "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime",
        "-DoutputDirectory=" + str(partial)))


def fetch_archive(artifact):
    """The folder with what lies in the archive `group:name:version:tar.gz:classifier`."""
    need_programs()

    def make(partial):
        maven(artifact, "dependency:copy", "-Dartifact=" + artifact, "-DoutputDirectory=" + str(partial))
        [archive] = partial.glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(partial)
        archive.unlink()

    return once("-".join(artifact.split(":")[1:3]), make)


def once(name, make):
    """The folder `name` of the cache, which `make` fills when it is not there."""
    folder = cache() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(cache() / (name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = folder.parent / (name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            make(partial)
            partial.rename(folder)  # whole or not at all
    return folder


def maven(what, *arguments):
    for attempt in range(3):
        time.sleep(2 * attempt)  # another machine's trouble; nothing here can be waited for
        done = subprocess.run(["mvn", "-q", "-B", *arguments], capture_output=True, text=True)
        if done.returncode == 0:
            return
    raise Missing("maven could not fetch %s:\n%s" % (what, done.stdout[-2000:]))
