#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Transformers change while records flow: tests gate them, the way back works, many changes under
load lose, double and mix nothing, and what is delivered keeps its pace. The full size runs with
SLUICE_SOAK=1."""
import json
import os
import random
import signal
import time
import urllib.error
import urllib.request

from harness import SOAK, Folder, address_of, contains, equal, main, wait_for

SEED = int(os.environ.get("SLUICE_SEED", "1"))
CONFIG = """
runtime: { state: { dir: ./state }, admin: { listen: "127.0.0.1:0" } }
pipelines:
  p:
    sources: { in: { use: generator, config: { count: %d, rate: %s } } }
    transform: %s
    reload: manual
    sinks: { out: { use: %s } }
"""
FILE_SINK = "file, config: { path: ./out.jsonl }"


def script(mark):
    return ("function transform(r, meta)\n"
            "  if meta.position %% 100 == 0 then return sluice.reject('mark', '%s') end\n"
            "  return { mark = '%s', p = meta.position }\nend\n" % (mark, mark))


def ask(address, path, method="GET"):
    request = urllib.request.Request("http://%s%s" % (address, path), method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def ask_json(address, path, method="GET"):
    code, body = ask(address, path, method)
    return code, json.loads(body)


def stop(process):
    process.send_signal(signal.SIGTERM)
    equal(process.wait(120), 0, "exit code")


def accounting(address):
    return ask_json(address, "/health/detailed")[1]["pipelines"]["p"]["accounting"]


def tested_and_taken_back():
    config = CONFIG % (0, "1000/s", "t.lua", "drop")
    test = ("describe('t', function()\n  it('has a mark', function()\n"
            "    expect(transform({}, { position = 1 }).record.mark):to_equal('%s')\n  end)\nend)\n")
    files = {"t.lua": script("one"), "t_test.lua": test % "one"}
    with Folder(config, files) as folder:
        equal(folder.run("check")[0], 0, "check")
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: ask_json(address, "/admin/transformers")[1]["pipelines"]["p"]["versions"])
        transformers = lambda: ask_json(address, "/admin/transformers")[1]["pipelines"]["p"]
        first = transformers()["hash"]
        (folder.path / "t.lua").write_text(script("two"))
        code, answer = ask_json(address, "/admin/reload", "POST")
        equal((code, answer["pipelines"]["p"]["outcome"]), (422, "refused_by_tests"), answer)
        contains(answer["detail"], "t_test.lua:3", "detail")
        equal(transformers()["hash"], first, "what runs")
        code, out, err = folder.run("check", "--json")
        equal(code, 1, "exit code of check: " + out + err)
        (folder.path / "t_test.lua").write_text(test % "two")
        code, answer = ask_json(address, "/admin/reload", "POST")
        equal((code, answer["pipelines"]["p"]["outcome"]), (200, "activated"), answer)
        equal(answer["pipelines"]["p"]["tests"]["passed"], 1, "tests")
        second = transformers()
        equal((second["hash"], second["previous"]),
              (answer["pipelines"]["p"]["hash"], first), "what runs and ran")
        equal([v["outcome"] for v in second["versions"]],
              ["activated", "refused_by_tests", "started"], "versions")
        contains(ask(address, "/metrics")[1], 'ingest_script_calls_total{tenant="default",'
                 'pipeline="p",script="%s"}' % second["script"][:12], "metrics")
        code, out, err = folder.run("transform", "rollback", "--json",
                                    env={"SLUICE_ADMIN_URL": "http://" + address})
        equal(code, 0, "rollback: " + err)
        equal(json.loads(out)["pipelines"]["p"]["hash"], first, "what runs again")
        code, out, err = folder.run("transform", "rollback",
                                    env={"SLUICE_ADMIN_URL": "http://" + address})
        equal(code, 1, "no way further back")
        contains(err, "no bundle that ran before", "error")
        stop(process)
        # What was taken back stays away over a restart.
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: transformers()["versions"])
        equal(transformers()["hash"], first, "what runs after a restart")
        stop(process)


def many_changes_under_load():
    count, rate, changes = (2_000_000, 40_000, 200) if SOAK else (60_000, 20_000, 20)
    chance = random.Random(SEED)
    config = CONFIG % (count, "%d/s" % rate, "t.lua", FILE_SINK)
    with Folder(config, {"t.lua": script("0")}) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: ask_json(address, "/admin/transformers")[1]["pipelines"]["p"]["versions"])
        state = ask_json(address, "/admin/transformers")[1]["pipelines"]["p"]
        mark_of_script = {state["script"]: "0"}
        bundle_of_mark = {"0": state["hash"]}
        for i in range(1, changes + 1):
            due = count * 0.95 * i / changes
            wait_for(lambda: accounting(address)["received"] >= due, 300)
            broken = chance.random() < 0.2
            text = "function transform(r) return = end\n" if broken else script(str(i))
            (folder.path / "t.lua").write_text(text)
            code, answer = ask_json(address, "/admin/reload", "POST")
            change = answer["pipelines"]["p"]
            equal((code, change["outcome"]),
                  (422, "failed") if broken else (200, "activated"), answer)
            runs = ask_json(address, "/admin/transformers")[1]["pipelines"]["p"]
            equal(runs["hash"], change["hash"], "the answer names what runs")
            if not broken:
                mark_of_script[change["script"]] = str(i)
                bundle_of_mark[str(i)] = change["hash"]
        wait_for(lambda: accounting(address)["received"] == count, 300)
        wait_for(lambda: accounting(address)["in_flight"] == 0, 300)
        account = accounting(address)
        equal(account["unaccounted"], 0, account)
        stop(process)
        seen = {}
        with open(folder.path / "out.jsonl") as out:
            for line in out:
                record = json.loads(line)
                assert record["p"] not in seen, "%d came twice" % record["p"]
                seen[record["p"]] = record["mark"]
        code, letters, err = folder.run("dlq", "sample", "--json", "--limit", str(count))
        for line in letters.splitlines():
            letter = json.loads(line)
            mark = letter["detail"].removeprefix("mark: ")
            equal(mark_of_script[letter["script_hash"]], mark, "script of a letter")
            assert letter["position"] not in seen, letter
            seen[letter["position"]] = mark
        equal(len(seen), count, "records")
        before = 0
        for position in sorted(seen):
            mark = int(seen[position])
            assert mark >= before, "%d was read with %d after %d" % (position, mark, before)
            assert str(mark) in bundle_of_mark, "nobody was told that %d ran" % mark
            before = mark
        print("%d changes, %d of them ran, in %d records: none lost, doubled or mixed" %
              (changes, len(bundle_of_mark) - 1, count))


def lag_buckets(address):
    out = {}
    for line in ask(address, "/metrics")[1].splitlines():
        if line.startswith("ingest_lag_seconds_bucket"):
            bound = line.split('le="')[1].split('"')[0]
            out[float("inf") if bound == "+Inf" else float(bound)] = float(line.split()[-1])
    return out


def p95(before, after):
    bounds = sorted(after)
    counts = [after[b] - before.get(b, 0) for b in bounds]
    wanted, low, below = counts[-1] * 0.95, 0.0, 0.0
    for bound, count in zip(bounds, counts):
        if count >= wanted:
            if bound == float("inf"):
                return low
            return low + (bound - low) * (wanted - below) / max(count - below, 1)
        low, below = bound, count
    return low


def pace_is_kept():
    seconds, changes = (60, 200) if SOAK else (3, 10)
    probe = 500_000 if SOAK else 50_000
    with Folder(CONFIG % (probe, "0", "t.lua", "drop"), {"t.lua": script("0")}) as folder:
        code, out, err = folder.run("run", "--once", "--json")
        equal(code, 0, err)
        capacity = probe / json.loads(out.splitlines()[-1])["seconds"]
    offered = int(capacity / 2)
    config = CONFIG % (0, "%d/s" % offered, "t.lua", "drop")
    with Folder(config, {"t.lua": script("0")}) as folder:
        process = folder.start("run")
        address = address_of(process)
        wait_for(lambda: accounting(address)["received"] > offered / 2)

        def phase(step):
            lag, begin, start = lag_buckets(address), accounting(address), time.monotonic()
            for i in range(changes):
                until = start + seconds * (i + 1) / changes
                step(i)
                wait_for(lambda: time.monotonic() >= until, seconds + 60)
            end, took = accounting(address), time.monotonic() - start
            delivered = sum(end[k] - begin[k] for k in ("committed", "dead_lettered"))
            return p95(lag, lag_buckets(address)), delivered / took

        def change(i):
            (folder.path / "t.lua").write_text(script(str(i + 1)))
            equal(ask_json(address, "/admin/reload", "POST")[0], 200, "reload")

        calm, calm_rate = phase(lambda i: None)
        busy, busy_rate = phase(change)
        equal(accounting(address)["unaccounted"], 0, "unaccounted")
        stop(process)
        print("offered %d/s (half of %d/s); without reloads %d/s, p95 lag %.1f ms; with %d reloads "
              "%d/s, p95 lag %.1f ms; ratio %.2f" %
              (offered, capacity, calm_rate, calm * 1e3, changes, busy_rate, busy * 1e3,
               busy / max(calm, 1e-9)))


main([tested_and_taken_back, many_changes_under_load, pace_is_kept])
