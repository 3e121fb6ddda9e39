#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a test program with a real Kafka broker beside it, whose address stands in the environment. usage:
with_kafka.py PROGRAM [ARGUMENT...]"""
import os
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "integration"))
import harness  # noqa: F401  (it knows where the servers' modules stand)
import kafka_server

COMMAND = sys.argv[1:]


def run(broker):
    code = subprocess.call(COMMAND, env={
        **os.environ, "SLUICE_KAFKA": broker.address, "SLUICE_KAFKA_SASL": broker.sasl_address})
    assert code == 0, "%s ended with %d" % (COMMAND[0], code)


del sys.argv[1:]  # to the harness they would be names of tests
kafka_server.main([run])
