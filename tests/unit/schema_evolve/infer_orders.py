#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An inferred schema takes every record it came from: the order workload, and real earthquakes.

usage: infer_orders.py ; the program is $SLUICE.
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from harness import Folder, contains, equal, main  # noqa: E402


def infer_and_validate(folder, records, *options):
    code, schema, err = folder.run("schema", "infer", records, *options)
    equal(code, 0, err)
    (folder.path / "inferred.schema.json").write_text(schema)
    code, out, err = folder.run("schema", "validate", "inferred.schema.json", records, "--json")
    equal(code, 0, out[-2000:] + err)
    equal(json.loads(out)["invalid"], 0, "records the schema refuses")
    return schema


def orders():
    with Folder("") as folder:
        generator = ROOT / "tests" / "bench" / "gen_orders.py"
        subprocess.run([sys.executable, generator, folder.path / "orders.jsonl", "5000"], check=True)
        schema = infer_and_validate(folder, "orders.jsonl", "--closed")
        for part in ('"priority": { "type": "string", "enum": ["high", "low", "normal"] }',
                     '"occurred_at": { "type": "string", "format": "date-time" }',
                     '"email": { "type": "string", "format": "email" }',
                     '"revision": { "type": "integer", "$comment": "seen 0 to 99" }'):
            contains(schema, part, "schema")
        # The inferred schema is a version like any other: it can be compared with the written one.
        code, out, err = folder.run("schema", "diff", "inferred.schema.json",
                                    str(ROOT / "tests" / "bench" / "orders.schema.json"), "--json")
        equal(code, 0, err)
        assert json.loads(out)["changes"], out


def bad_orders():
    with Folder("") as folder:
        generator = ROOT / "tests" / "bench" / "gen_orders.py"
        subprocess.run([sys.executable, generator, folder.path / "orders.jsonl", "2000", "10"],
                       check=True)
        code, schema, err = folder.run("schema", "infer", "orders.jsonl")
        equal(code, 1, err)
        contains(err, "lines are not JSON and taught nothing; line ", "stderr")
        (folder.path / "inferred.schema.json").write_text(schema)
        code, out, _ = folder.run("schema", "validate", "inferred.schema.json", "orders.jsonl", "--json")
        classes = {failure["class"] for failure in json.loads(out)["failures"]}
        equal(classes, {"PARSE_ERROR"}, "why records were refused")


def earthquakes():
    with Folder("") as folder:
        infer_and_validate(folder, str(ROOT / "tests" / "data" / "earthquakes.jsonl"), "--closed")


main([orders, bad_orders, earthquakes])
