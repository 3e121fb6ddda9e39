# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL for the tests that drive the program from outside."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import harness
from harness import wait_for

BIN = next((path for version in ("15", "16", "17", "14")
            if os.path.exists(path := "/usr/lib/postgresql/%s/bin" % version)), None)


class Server:
    def __init__(self, fsync="off"):
        self.fsync = fsync
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-postgres-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.user = None
        if os.geteuid() == 0:  # which PostgreSQL refuses to be
            self.user = pwd.getpwnam("postgres")
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.call("initdb", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8",
                  "--locale", "C").wait()
        self.process = None

    def call(self, program, *args):
        ids = {"user": self.user.pw_uid, "group": self.user.pw_gid} if self.user else {}
        return subprocess.Popen([BIN + "/" + program, "-D", str(self.folder / "data"), *args],
                                cwd=self.folder, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, **ids)

    def start(self):
        self.process = self.call("postgres", "-p", str(self.port), "-c",
                                 "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                                 "-c", "fsync=" + self.fsync)
        wait_for(lambda: subprocess.run(
            [BIN + "/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def dsn(self, password=""):
        return "postgres://postgres%s@127.0.0.1:%d/postgres" % (password, self.port)

    def query(self, sql):
        """Rows of a query, columns parted by "|"."""
        done = subprocess.run([BIN + "/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                               self.dsn(), "-c", sql], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


def main(tests):
    """Runs the functions given, each called with the server; without PostgreSQL it is a skip."""
    if BIN is None:
        print("skipped: there is no PostgreSQL here; install the package postgresql-15")
        sys.exit(77)
    server = Server()
    try:
        server.start()
        harness.main(tests, server)
    finally:
        server.stop()
        server.remove()
