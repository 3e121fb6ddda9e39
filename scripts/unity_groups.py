#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which files of a target may be compiled as one (cmake/SluiceUnity.cmake).

usage: unity_groups.py LIST       LIST: lines of `target TAB source`

Prints `target TAB source TAB group` for every source that shares a group. Two files that define the
same name for themselves (in an unnamed namespace, as static, as a macro) are kept apart. What that
does not see is a name that std knows too (`quoted`), once a file of the group includes its header:
give it another name.
"""
import collections
import os
import re
import sys

# More files a group save little and leave the second core idle at the end.
GROUP_BYTES = 60_000
OPEN = re.compile(r"^namespace \{")
CLOSE = re.compile(r"^\}  // namespace$")
MACRO = re.compile(r"^#define (\w+)", re.MULTILINE)


def defined_name(line):
    if line.startswith(("TEST", "namespace ")) or re.match(r"using [^=]*;", line):
        return None
    if line.startswith(("struct ", "class ", "enum ", "using ", "union ")):
        words = re.findall(r"\w+", line)
        kinds = ("struct", "class", "enum", "union", "using", "final", "alignas")
        return next((word for word in words if word not in kinds), None)
    head = re.split(r"[({=;]", line, maxsplit=1)[0].rstrip()
    found = re.search(r"(\w+)(?:\[\w*\])?$", head)
    return found.group(1) if found else None


def own_names(path):
    """Names that the file keeps to itself."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    names = set(MACRO.findall(text))
    inside = False
    for line in text.splitlines():
        if OPEN.match(line):
            inside = True
        elif CLOSE.match(line):
            inside = False
        elif line[:1].isalpha() and (inside or line.startswith("static ")):
            name = defined_name(line)
            if name:
                names.add(name)
    return names


def groups_of(sources):
    """Each source into the first group that has room and none of its names."""
    groups = []
    for source in sources:
        names, size = own_names(source), os.path.getsize(source)
        for group in groups:
            if group["size"] + size <= GROUP_BYTES and not names & group["names"]:
                break
        else:
            group = {"size": 0, "names": set(), "sources": []}
            groups.append(group)
        group["size"] += size
        group["names"] |= names
        group["sources"].append(source)
    return [group["sources"] for group in groups]


def main():
    targets = collections.OrderedDict()
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            target, source = line.rstrip("\n").split("\t")
            if os.path.exists(source):  # generated ones come later and stay alone
                targets.setdefault(target, []).append(source)
    for target, sources in targets.items():
        for number, group in enumerate(groups_of(sources)):
            if len(group) > 1:
                for source in group:
                    print("%s\t%s\tg%d" % (target, source, number))


main()
