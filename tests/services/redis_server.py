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


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def certificates(folder):
    """An authority in `folder` (ca.pem) and what it has signed for this machine (server.pem, server.key)."""
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    ca, ca_key, key, request = (str(folder / name) for name in ("ca.pem", "ca.key", "server.key", "server.csr"))
    openssl("req", "-x509", "-days", "2", "-subj", "/CN=authority", *new_key, "-keyout", ca_key, "-out", ca)
    openssl("req", "-subj", "/CN=server", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", *new_key,
            "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-copy_extensions", "copyall", "-days", "2", "-CA", ca,
            "-CAkey", ca_key, "-CAcreateserial", "-out", str(folder / "server.pem"))


class Server:
    """`tls`: it speaks nothing else, with certificates that it makes; `url` trusts them."""
    def __init__(self, tls=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-redis-"))
        self.tls = tls
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = "redis://127.0.0.1:%d" % self.port
        self.cli_options = ["-h", "127.0.0.1", "-p", str(self.port)]
        if tls:
            ca = str(self.folder / "ca.pem")
            self.url = "rediss://127.0.0.1:%d?ssl_ca=%s" % (self.port, ca)
            self.cli_options += ["--tls", "--cacert", ca]
        self.process = None

    def __enter__(self):
        port = ["--port", str(self.port)]
        if self.tls:
            certificates(self.folder)
            port = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no",
                    "--tls-cert-file", str(self.folder / "server.pem"),
                    "--tls-key-file", str(self.folder / "server.key"),
                    "--tls-ca-cert-file", str(self.folder / "ca.pem")]
        self.process = subprocess.Popen(
            ["redis-server", *port, "--bind", "127.0.0.1", "--save", "",
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
        done = subprocess.run(["redis-cli", *self.cli_options, *words],
                              capture_output=True, text=True)
        return done.stdout.strip()
