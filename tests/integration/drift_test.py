#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The drift ledger while a process runs, after kill -9, and after a restart."""
import json
import signal
import urllib.error
import urllib.request

from harness import Folder, address_of, contains, equal, main, wait_for

CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: "127.0.0.1:0" } }
pipelines:
  p:
    sources: { in: { use: file, config: { paths: [./in.jsonl], follow: true } } }
    schema: { drift: { baseline: 40 } }
    sinks: { out: { use: drop } }
"""
GOOD = b'{"id":1}\n' * 40
ODD = b'{"id":"x"}\n'


def get(address, path):
    with urllib.request.urlopen("http://%s%s" % (address, path), timeout=10) as answer:
        return json.load(answer)


def counts(entries):
    return {(entry["kind"], entry["path"]): entry["count"] for entry in entries}


def ledger(folder, *args, env=None):
    code, out, err = folder.run("schema", "drift", "--json", *args, env=env)
    equal(code, 0, err)
    return [json.loads(line) for line in out.splitlines()]


def kept(folder, count):
    """Has the folder's ledger got there?"""
    if not (folder.path / "state" / "drift.db").exists():
        return False
    return counts(ledger(folder, "--state", "./state")) == {("type_changed", "/id"): count}


def served_then_killed_then_gone_on():
    with Folder(CONFIG, {"in.jsonl": GOOD + ODD * 2}) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: counts(get(address, "/admin/drift")["drift"]) == {("type_changed", "/id"): 2})
        answer = get(address, "/admin/drift?severity=warning&since=1h&pipeline=p")
        equal(answer["state_dir"], str((folder.path / "state").resolve()), "state folder")
        equal(answer["sources"][0]["settled"], True, "settled")
        equal(answer["drift"][0]["sample"], '"x"', "sample")
        equal(get(address, "/admin/drift?severity=breaking")["drift"], [], "nothing breaks")
        asked = ledger(folder, env={"SLUICE_ADMIN_URL": "http://" + address})
        equal(asked, answer["drift"], "the command asks the process")
        try:
            get(address, "/admin/drift?since=soon")
            raise AssertionError("a wrong duration was accepted")
        except urllib.error.HTTPError as error:
            equal(error.code, 400, "status")
            contains(error.read().decode(), "since", "problem")
        metrics = urllib.request.urlopen("http://%s/metrics" % address, timeout=10).read().decode()
        contains(metrics, 'ingest_drift_total{tenant="default",pipeline="p",source="in",'
                          'severity="warning"} 2', "metrics")
        wait_for(lambda: kept(folder, 2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        equal(counts(ledger(folder)), {("type_changed", "/id"): 2}, "after kill -9")

        with open(folder.path / "in.jsonl", "ab") as more:
            more.write(ODD * 3)
        process = folder.start("run")
        address = address_of(process)
        # The baseline was kept: nothing is learned again. What was not settled comes again.
        wait_for(lambda: counts(get(address, "/admin/drift")["drift"])[("type_changed", "/id")] >= 5)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(timeout=60), 0, "exit code")
        entries = ledger(folder)
        equal(len(entries), 1, "entries")
        equal(entries[0]["before"], "integer 1", "before")


def another_state_folder_is_not_asked():
    finite = CONFIG.replace("follow: true", "follow: false").replace('"127.0.0.1:0"', "off")
    with Folder(finite, {"in.jsonl": GOOD + ODD}) as folder, \
            Folder(CONFIG, {"in.jsonl": GOOD}) as other:
        process = other.start("run")
        address = address_of(process)
        equal(folder.run("run", "--once")[0], 0, "run")
        asked = ledger(folder, env={"SLUICE_ADMIN_URL": "http://" + address})
        equal(counts(asked), {("type_changed", "/id"): 1}, "of its own folder")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


if __name__ == "__main__":
    main([served_then_killed_then_gone_on, another_state_folder_is_not_asked])
