# SPDX-License-Identifier: Apache-2.0
"""A real Kafka broker for the tests that drive the program from outside, and a client of it."""
import base64
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import harness
import jars
from harness import wait_for

try:
    import confluent_kafka
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError:
    # The client is a package of Debian's, which only Debian's own Python sees.
    if os.path.exists("/usr/bin/python3") and not os.environ.get("SLUICE_DEBIAN_PYTHON"):
        os.environ["SLUICE_DEBIAN_PYTHON"] = "1"
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    confluent_kafka = None

HERE = pathlib.Path(__file__).resolve().parent
LOG = {"kafka": "-Dlog4j2.configurationFile=%s/log4j2.xml", "kafka-3.9": "-Dlog4j.configuration=file:%s/log4j.properties"}
# Registrations of a killed broker must end soon, or its restart takes 12 s; a small cleaner for a
# small machine; one partition of each inner topic, or the first commit waits for fifty to be made.
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_ingest="right-password";
log.dirs={data}
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.retention.check.interval.ms=1000
"""


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Broker:
    """`properties`: more lines of server.properties. `listeners`: kafka_security.Listeners, which stand beside the
    plain one. `release`: the folder with its pom.xml."""

    def __init__(self, properties="", listeners=None, release="kafka"):
        self.jars = jars.fetch(HERE / release / "pom.xml")
        self.log = LOG[release] % (HERE / release)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-kafka-"))
        self.port, self.sasl_port, controller = free_ports(3)
        self.address = "127.0.0.1:%d" % self.port
        self.sasl_address = "127.0.0.1:%d" % self.sasl_port
        self.properties = self.folder / "server.properties"
        text = PROPERTIES.format(
            port=self.port, sasl=self.sasl_port, controller=controller, data=self.folder / "data") + properties
        users = []
        if listeners:
            self.tls = listeners
            text = listeners.open(self.folder, text)
            users = listeners.users()
        self.properties.write_text(text)
        # One that begins with "-" the tool would take for an option.
        cluster = "S" + base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")[1:]
        self.java("-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format", "-t", cluster, "-c",
                  str(self.properties), "--ignore-formatted", *users)
        self.process = None
        self.admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0,
                                  "reconnect.backoff.max.ms": 500})

    def command(self, *options):
        """`options`: those of java, then class and arguments."""
        first = next(i for i, text in enumerate(options) if not text.startswith("-"))
        return ["java", *options[:first], "-XX:+UseSerialGC", "-cp", str(self.jars / "*"),
                self.log, *options[first:]]

    def java(self, *options):
        """Runs one of Kafka's own tools; what it prints."""
        done = subprocess.run(self.command(*options), capture_output=True, text=True,
                              cwd=self.folder, timeout=harness.TIMEOUT)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self):
        log = open(self.folder / "broker.log", "ab")
        self.process = subprocess.Popen(
            self.command("-Xms192m", "-Xmx384m", "kafka.Kafka", str(self.properties)),
            cwd=self.folder, stdout=log, stderr=log)
        log.close()
        wait_for(self.ready, limit=120)

    def ready(self):
        assert self.process.poll() is None, (
            "the broker has ended:\n" + (self.folder / "broker.log").read_text()[-3000:])
        try:
            return bool(self.admin.list_topics(timeout=1).brokers)
        except confluent_kafka.KafkaException:
            return False

    def stop(self):
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def end(self, number):
        if self.process:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None

    def create(self, topic, partitions=1, **config):
        made = self.admin.create_topics(
            [NewTopic(topic, partitions, 1, config={k: str(v) for k, v in config.items()})])
        made[topic].result(60)

    def delete(self, topic):
        self.admin.delete_topics([topic])[topic].result(60)

    def produce(self, topic, values, partitions=1, **more):
        """Record i goes to partition i % partitions. A value is bytes, or a dict of what
        Producer.produce() takes."""
        producer = confluent_kafka.Producer({
            "bootstrap.servers": self.address, "log_level": 0, "linger.ms": 20,
            "enable.idempotence": True, "queue.buffering.max.messages": 1000000, **more})
        failures = []

        def delivered(error, _):
            if error is not None:
                failures.append(str(error))

        for i, value in enumerate(values):
            record = value if isinstance(value, dict) else {"value": value}
            record.setdefault("partition", i % partitions)
            producer.produce(topic, on_delivery=delivered, **record)
            if i % 1000 == 0:
                producer.poll(0)
        assert producer.flush(120) == 0 and not failures, failures[:3]

    def consumer(self, group, **more):
        return confluent_kafka.Consumer({
            "bootstrap.servers": self.address, "group.id": group, "log_level": 0,
            "enable.auto.commit": False, **more})

    def committed(self, group, topic, partitions=1):
        """The committed offset of each partition; -1001 where there is none."""
        consumer = self.consumer(group)
        try:
            wanted = [confluent_kafka.TopicPartition(topic, p) for p in range(partitions)]
            return [p.offset for p in consumer.committed(wanted, timeout=60)]
        finally:
            consumer.close()

    def commit(self, group, topic, offsets):
        """What Kafka's own tool to reset offsets does."""
        consumer = self.consumer(group)
        try:
            consumer.commit(offsets=[confluent_kafka.TopicPartition(topic, p, offset)
                                     for p, offset in enumerate(offsets)], asynchronous=False)
        finally:
            consumer.close()

    def end_offsets(self, topic, partitions=1):
        consumer = self.consumer("end-of-" + topic)
        try:
            return [consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, p),
                                                   timeout=60)[1] for p in range(partitions)]
        finally:
            consumer.close()

    def messages(self, topic, partitions=1):
        """All that is in the topic, which nobody has deleted from."""
        consumer = self.consumer("reader-of-" + topic)
        try:
            found = []
            for partition, end in enumerate(self.end_offsets(topic, partitions)):
                consumer.assign([confluent_kafka.TopicPartition(topic, partition, 0)])
                at = 0
                while at < end:
                    message = consumer.poll(30)
                    assert message is not None and message.error() is None, (topic, partition, at)
                    at = message.offset() + 1
                    found.append(message)
            return found
        finally:
            consumer.close()


def main(tests, *broker_options):
    """Runs the functions given, each called with the broker; what cannot be had here is a skip. `broker_options`: see
    Broker."""
    if confluent_kafka is None:
        print("skipped: no Kafka client here; install the package python3-confluent-kafka")
        sys.exit(77)
    try:
        broker = Broker(*broker_options)
    except jars.Missing as why:
        print("skipped: " + str(why))
        sys.exit(77)
    try:
        broker.start()
        harness.main(tests, broker)
    finally:
        broker.kill()
        shutil.rmtree(broker.folder, ignore_errors=True)
