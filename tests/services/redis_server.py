# SPDX-License-Identifier: Apache-2.0
"""A real Redis for the tests that drive the program from outside."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import wait_for

# Debian has the server's program in redis-tools, too, under another name: what it is called decides what it is.
PROGRAM = next((path for path in ("/usr/bin/redis-server", "/usr/bin/redis-check-rdb", "/usr/local/bin/redis-server")
                if os.path.exists(path)), None)
THERE = PROGRAM is not None and shutil.which("redis-cli") is not None


class Server:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-redis-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = "redis://127.0.0.1:%d" % self.port
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", str(self.folder)],
            executable=PROGRAM, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.cli("PING") == "PONG")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cli(self, *words):
        """What redis-cli prints."""
        done = subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *words],
                              capture_output=True, text=True)
        return done.stdout.strip()
