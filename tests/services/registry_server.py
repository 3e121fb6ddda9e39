# SPDX-License-Identifier: Apache-2.0
"""A real schema registry (Apicurio, which speaks Confluent's interface, too) for the tests that drive the program
from outside."""
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import jars
from harness import wait_for

ARTIFACT = "io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all"


class Registry:
    """What is registered stays when it is killed and started again."""

    def __init__(self):
        self.jar = next(jars.fetch_archive(ARTIFACT).glob("*-runner.jar"))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-registry-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = "http://127.0.0.1:%d/apis/ccompat/v7" % self.port
        self.process = None

    def start(self):
        self.begin()
        self.wait()

    def begin(self):
        with open(self.folder / "registry.log", "ab") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                 "-Dapicurio.storage.kind=sql", "-Dapicurio.storage.sql.kind=h2",
                 "-Dapicurio.datasource.url=jdbc:h2:file:%s" % (self.folder / "data"),
                 "-Dquarkus.http.host=127.0.0.1", "-Dquarkus.http.port=%d" % self.port, "-jar", str(self.jar)],
                cwd=self.folder, stdout=log, stderr=log)

    def wait(self):
        wait_for(self.ready, limit=180)

    def ready(self):
        assert self.process.poll() is None, (
            "the registry has ended:\n" + (self.folder / "registry.log").read_text()[-3000:])
        try:
            return self.call("/subjects")[0] == 200
        except OSError:
            return False

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, path, body=None):
        """Status and JSON of an answer."""
        request = urllib.request.Request(
            self.url + path, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, None

    def register(self, subject, schema, kind="JSON"):
        """The id of a schema, a text or what JSON can say."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        status, answer = self.call("/subjects/%s/versions" % subject, {"schemaType": kind, "schema": text})
        assert status == 200, (status, answer)
        return answer["id"]
