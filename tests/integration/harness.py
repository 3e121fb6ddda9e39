# SPDX-License-Identifier: Apache-2.0
"""What the tests that drive the program from outside have in common."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

# The servers that tests start stand there.
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "services"))

SLUICE = os.environ.get("SLUICE", "sluice")
SOAK = os.environ.get("SLUICE_SOAK", "") not in ("", "0")
TIMEOUT = 300


class Folder:
    """A fresh folder with a configuration in it, gone at the end unless the test failed."""

    def __init__(self, config, files=None):
        self.processes = []
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="sluice-test-"))
        for name, content in (files or {}).items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        (self.path / "sluice.yaml").write_text(config)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:  # those that a failed test left running
            if process.poll() is None:
                process.kill()
                process.wait()
        if kind is None:
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            print("left for inspection:", self.path, file=sys.stderr)

    def start(self, *args, env=None, program=SLUICE, **options):
        self.processes.append(subprocess.Popen(
            [program, *args], cwd=self.path, env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options))
        return self.processes[-1]

    def run(self, *args, env=None, **options):
        process = self.start(*args, env=env, **options)
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            out, err = process.communicate()
            raise AssertionError("timed out: %s\n%s" % (args, err.decode(errors="replace")))
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def run_once(self, **options):
        """Runs to the end; the account of the pipeline `p`."""
        code, out, err = self.run("run", "--once", "--json", **options)
        assert code == 0, "exit %d\n%s" % (code, err)
        account = json.loads(out.splitlines()[-1])["pipelines"]["p"]
        check_identity(account)
        return account

    def rows(self, query, database="out.db"):
        with sqlite3.connect(self.path / database) as connection:
            return connection.execute(query).fetchall()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_identity(account):
    settled = sum(account[name] for name in
                  ("committed", "duplicate", "filtered", "dead_lettered", "shed"))
    assert account["received"] == settled + account["in_flight"], account
    assert account["unaccounted"] == 0, account


def equal(found, expected, what):
    assert found == expected, "%s: found %r, expected %r" % (what, found, expected)


def contains(text, part, what):
    assert part in text, "%s: %r is not in:\n%s" % (what, part, text)


def address_of(process):
    """Reads the log until the admin server tells its address; `process.log` has its lines from then on, too."""
    seen = process.log = []
    for line in process.stderr:
        seen.append(line.decode(errors="replace"))
        found = re.search(r'address"?[=:]"?(127\.0\.0\.1:\d+)', seen[-1])
        if found:
            # A pipe that nobody reads would block the program.
            threading.Thread(target=pass_on, args=(process,), daemon=True).start()
            return found.group(1)
    raise AssertionError("no admin address in the log:\n" + "".join(seen))


def detailed(address):
    with urllib.request.urlopen("http://%s/health/detailed" % address, timeout=30) as answer:
        return json.load(answer)


def pass_on(process):
    for line in process.stderr:
        process.log.append(line.decode(errors="replace"))
        sys.stderr.write(process.log[-1])


def wait_for(what, limit=60):
    deadline = time.monotonic() + limit
    while not what():
        assert time.monotonic() < deadline, "waited %d s in vain" % limit
        time.sleep(0.01)  # polling another process; nothing here can be waited for otherwise


def main(tests, *given):
    """Runs the functions given (or the one named on the command line), each called with the rest."""
    wanted = sys.argv[1:]
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        test(*given)
        print("ok", test.__name__)
