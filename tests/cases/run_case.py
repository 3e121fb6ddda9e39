#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs text cases: a pipeline, an input, and what must come of it.

usage: run_case.py CASE... ; the program is $SLUICE.

A case is a text file. Line 1: `# name`; line 2: `# what it shows`. Sections begin with `--- name`:

  config    the whole sluice.yaml; without it a pipeline `p` from in.jsonl into out.jsonl is made,
            with schema and script if the case has them
  pipeline  lines added to that pipeline (indented by 4)
  schema, script
  schema options  keys beside `file` in the pipeline's section `schema`
  file P    any other file, by its path
  input     lines of text; `--- input python` is an expression that gives bytes
  env       NAME=value lines
  command   instead of `run --once --json`
  exit      the expected exit code (default 0)
  output    the exact lines of the sink
  account   name=number pairs of the run's account
  versions  name=number pairs: records by schema version, all there are
  letters   one line a letter in the order of the input: REASON, then text its detail contains
  drift     the whole ledger of the run, a line an entry: SEVERITY KIND PATH xCOUNT: BEFORE -> AFTER
            (the record itself has the path ""), in the order of path and kind
  stderr    each line must occur in what the program says
  stdout    each line must occur in what it prints; `--- stdout exact`: these very lines
  written P each line must occur in the file P that the program wrote
"""
import base64
import json
import os
import pathlib
import shlex
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from harness import Folder, check_identity, contains, equal  # noqa: E402

CONFIG = """\
runtime: { state: { dir: ./state }, admin: { listen: off }, drain_timeout: 5s }
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [./in.jsonl] } } }
%s    sinks: { out: { use: file, config: { path: ./out.jsonl } } }
"""


def read_case(path):
    sections, name, argument = {}, None, {}
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines()):
        if line.startswith("--- "):
            name, _, rest = line[4:].partition(" ")
            if name in ("file", "written") or (name == "schema" and rest):
                name, rest = line[4:], ""
            assert name not in sections, "%s:%d: section %s stands twice" % (path, number + 1, name)
            sections[name], argument[name] = [], rest
        elif name:
            sections[name].append(line)
        else:
            assert line.startswith("#") or not line, "%s:%d: text before a section" % (path, number + 1)
    known = {"config", "pipeline", "schema", "script", "input", "env", "command", "exit", "output",
             "account", "letters", "stderr", "stdout", "versions", "drift", "schema options"}
    with_path = ("file ", "written ")
    unknown = {name for name in sections if name not in known and not name.startswith(with_path)}
    assert not unknown, "%s: unknown sections %s" % (path, unknown)
    expected = {"exit", "output", "account", "letters", "stderr", "stdout", "versions", "drift"}
    assert set(sections) & expected or any(name.startswith("written ") for name in sections), \
        "%s: nothing is expected" % path
    return sections, argument


def make_files(sections, argument):
    files = {}
    if "input" in sections:
        text = "\n".join(sections["input"])
        files["in.jsonl"] = eval(text) if argument["input"] == "python" else text + "\n"
    extra = ""
    if "schema" in sections:
        files["schema.json"] = "\n".join(sections["schema"]) + "\n"
        options = ", ".join(["file: schema.json"] + sections.get("schema options", []))
        extra += "    schema: { %s }\n" % options
    if "script" in sections:
        files["script.lua"] = "\n".join(sections["script"]) + "\n"
        extra += "    transform: script.lua\n"
    for name, lines in sections.items():
        if name.startswith("file "):
            files[name[5:]] = "\n".join(lines) + "\n"
    for line in sections.get("pipeline", []):
        extra += "    %s\n" % line
    config = "\n".join(sections["config"]) + "\n" if "config" in sections else CONFIG % extra
    return config, files


def drift_of(folder):
    code, out, err = folder.run("schema", "drift", "--json")
    equal(code, 0, err)
    entries = sorted((json.loads(line) for line in out.splitlines()),
                     key=lambda entry: (entry["path"], entry["kind"]))
    return ["%s %s %s x%d: %s -> %s" % (
        entry["severity"], entry["kind"], entry["path"] or '""', entry["count"], entry["before"],
        entry["after"]) for entry in entries]


def letters_of(folder):
    database = folder.path / "state" / "dead_letters.db"
    if not database.exists():
        return []
    code, out, err = folder.run("dlq", "sample", "--limit", "1000000", "--full", "--json")
    equal(code, 0, err)
    found = [json.loads(line) for line in out.splitlines()]
    return sorted(found, key=lambda letter: (letter["lane"], letter["position"]))


def check(path):
    sections, argument = read_case(path)
    config, files = make_files(sections, argument)
    env = dict(line.split("=", 1) for line in sections.get("env", []) if line)
    with Folder(config, files) as folder:
        command = shlex.split(" ".join(sections.get("command", ["run --once --json"])))
        code, out, err = folder.run(*command, env=env)
        equal(code, int("".join(sections.get("exit", ["0"]))), "exit code; it said:\n" + err)
        assert "Sanitizer" not in err, err
        for line in filter(None, sections.get("stderr", [])):
            contains(err, line, "stderr")
        if argument.get("stdout") == "exact":
            equal(out.splitlines(), sections["stdout"], "stdout")
        for name in sections:
            for line in filter(None, sections[name] if name.startswith("written ") else []):
                contains((folder.path / name[8:]).read_text(), line, name)
        for line in filter(None, sections.get("stdout", [])):
            contains(out, line, "stdout")
        if command[:2] == ["run", "--once"] and code == 0:
            account = json.loads(out.splitlines()[-1])["pipelines"]["p"]
            check_identity(account)
            for pair in " ".join(sections.get("account", [])).split():
                name, number = pair.split("=")
                equal(account[name], int(number), name)
            if "versions" in sections:
                pairs = (pair.split("=") for pair in " ".join(sections["versions"]).split())
                equal(account["schema_versions"], {name: int(n) for name, n in pairs}, "versions")
        if "output" in sections:
            found = (folder.path / "out.jsonl").read_text().splitlines()
            equal(found, [line for line in sections["output"] if line], "output")
        if "drift" in sections:
            equal(drift_of(folder), [line for line in sections["drift"] if line], "drift")
        if "letters" in sections:
            check_letters(folder, [line for line in sections["letters"] if line], files)


def check_letters(folder, expected, files):
    found = letters_of(folder)
    equal([letter["reason"] for letter in found], [line.split(" ")[0] for line in expected],
          "reasons; details: %s" % [letter["detail"] for letter in found])
    original = files.get("in.jsonl", b"")
    original = original if isinstance(original, bytes) else original.encode()
    for letter, line in zip(found, expected):
        contains(letter["detail"], line.partition(" ")[2], "detail")
        assert base64.b64decode(letter["raw_base64"])[:1 << 20] in original, "raw bytes were changed"


for case in sys.argv[1:]:
    check(case)
    print("ok", pathlib.Path(case).name)
