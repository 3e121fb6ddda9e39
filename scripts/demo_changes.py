#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the demo's second file: newer and older revisions of events, and a handful of records that
drifted or are broken.

usage: demo_changes.py EVENTS.jsonl OUT.jsonl
"""
import json
import sys


def main(events_path, out_path):
    with open(events_path, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    strongest = sorted((e for e in events if e["properties"]["mag"] is not None),
                       key=lambda e: -e["properties"]["mag"])[:20]
    out = []

    def add(event):
        out.append(json.dumps(event, separators=(",", ":")))

    for event in strongest[:10]:  # newer: the magnitude was corrected
        event = json.loads(json.dumps(event))
        event["properties"]["updated"] += 60_000
        event["properties"]["mag"] = round(event["properties"]["mag"] + 0.1, 2)
        event["properties"]["status"] = "reviewed"
        add(event)
    for event in strongest[10:15]:  # older: arrives late and must not win
        event = json.loads(json.dumps(event))
        event["properties"]["updated"] -= 60_000
        event["properties"]["mag"] = 0.0
        add(event)
    drifted = json.loads(json.dumps(events[0]))
    drifted["properties"]["magnitude_error"] = 0.12  # a new field
    add(drifted)
    drifted = json.loads(json.dumps(events[1]))
    drifted["properties"]["time"] = "2018-02-07T01:26:13Z"  # a number became text
    add(drifted)
    drifted = json.loads(json.dumps(events[2]))
    del drifted["properties"]["status"]  # a field went missing
    add(drifted)
    invalid = json.loads(json.dumps(events[3]))
    invalid["properties"]["mag"] = 42.0  # not a magnitude
    add(invalid)
    invalid = json.loads(json.dumps(events[4]))
    invalid["properties"]["status"] = "imagined"  # not one of the known states
    add(invalid)
    out.append(json.dumps(events[5])[:200])  # cut off in the middle
    with open(out_path, "w", encoding="utf-8") as sink:
        sink.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
