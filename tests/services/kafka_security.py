# SPDX-License-Identifier: Apache-2.0
"""Listeners of a Kafka broker with TLS and SCRAM. The certificates are made by openssl when a test starts."""
import subprocess

import kafka_server

TLS = """
listener.name.{name}.ssl.keystore.type=PEM
listener.name.{name}.ssl.keystore.location={folder}/{server}-store.pem
listener.name.{name}.ssl.truststore.type=PEM
listener.name.{name}.ssl.truststore.location={folder}/ca.pem
listener.name.{name}.ssl.client.auth={client}
"""
# A session is over so soon that a changed password is felt while the test waits.
SCRAM = """
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512
listener.name.scram.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.scram.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.scram.scram-sha-256.connections.max.reauth.ms=3000
"""
# Name: protocol, whose certificate, are clients to show one.
LISTENERS = {"tls": ("SSL", "server", "none"), "mutual": ("SSL", "server", "required"),
             "othername": ("SSL", "elsewhere", "none"), "scram": ("SASL_SSL", "server", "none")}
PASSWORD = "right-password"
KEY_PASSWORD = "open sesame"
# The first knows one mechanism only.
USERS = [("SCRAM-SHA-256", "short"), ("SCRAM-SHA-256", "ingest"), ("SCRAM-SHA-512", "ingest")]


class Listeners:
    """`tls`: SSL. `mutual`: SSL that wants the client's certificate. `othername`: SSL by a certificate of another host.
    `scram`: SASL_SSL with SCRAM-SHA-256, whose sessions end after a second, and SCRAM-SHA-512, for USERS."""

    def open(self, folder, text):
        """Makes the certificates; the properties `text` with the listeners in it."""
        self.folder = folder
        ports = dict(zip(LISTENERS, kafka_server.free_ports(len(LISTENERS))))
        self.address = {name: "127.0.0.1:%d" % port for name, port in ports.items()}
        self.authority("ca")
        self.authority("stranger")
        self.certificate("server", "IP:127.0.0.1,DNS:localhost")
        self.certificate("elsewhere", "DNS:kafka.elsewhere.example")
        self.certificate("client")
        self.openssl("pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:" + KEY_PASSWORD, "-in", "client-key.pem",
                     "-out", "locked-key.pem")
        self.certificate("expired", days=-1)
        self.certificate("foreign", authority="stranger")
        for name in ("server", "elsewhere"):
            (folder / (name + "-store.pem")).write_text(self.read(name + "-key.pem") + self.read(name + ".pem"))
        for name, (protocol, server, client) in LISTENERS.items():
            told = ",%s://%s" % (name.upper(), self.address[name])
            text = text.replace("\nadvertised.listeners=", told + "\nadvertised.listeners=", 1)
            text = text.replace("\ncontroller.listener.names=", told + "\ncontroller.listener.names=", 1)
            text = text.replace("\nsasl.enabled", ",%s:%s\nsasl.enabled" % (name.upper(), protocol), 1)
            text += TLS.format(name=name, folder=folder, server=server, client=client)
        return text + SCRAM

    def users(self):
        """What the tool that formats the data is told, so that the users are there from the first moment on."""
        return [word for mechanism, name in USERS
                for word in ("--add-scram", "%s=[name=%s,password=%s]" % (mechanism, name, PASSWORD))]

    def file(self, name):
        return str(self.folder / name)

    def read(self, name):
        return (self.folder / name).read_text()

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, "%s\n%s" % (arguments, done.stderr)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                     "-subj", "/CN=" + name, "-keyout", name + "-key.pem", "-out", name + ".pem")

    def certificate(self, name, hosts="", authority="ca", days=1):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                     "-keyout", name + "-key.pem", "-out", name + ".csr")
        (self.folder / (name + ".ext")).write_text("subjectAltName=" + hosts if hosts else "")
        self.openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem", "-CAkey", authority + "-key.pem",
                     "-CAcreateserial", "-days", str(days), "-extfile", name + ".ext", "-out", name + ".pem")


def set_password(broker, user, password, mechanism="SCRAM-SHA-256"):
    broker.java("-XX:TieredStopAtLevel=1", "kafka.admin.ConfigCommand", "--bootstrap-server", broker.address, "--alter",
                "--entity-type", "users", "--entity-name", user, "--add-config",
                "%s=[password=%s]" % (mechanism, password))
