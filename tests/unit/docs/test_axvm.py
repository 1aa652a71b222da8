#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every test that docs/axvm.md names is there: a file, or a TEST of tests/unit."""
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pages  # noqa: E402

SECTIONS = ("## What the original does by panic", "## The checklist")


def named(text):
    """(what the row is about, name of a test) of the last cell of each row."""
    for section in SECTIONS:
        part = text[text.index(section + "\n"):].split("\n## ")[0]
        for row in re.findall(r"^\|(.*)\|$", part, re.MULTILINE)[2:]:
            cells = row.split(" | ")
            for name in re.findall(r"`([^`]+)`", cells[-1]):
                yield cells[0].strip(), name


def main():
    tests = set()
    for path in glob.glob(os.path.join(ROOT, "tests", "unit", "test_*.c")):
        with open(path, encoding="utf-8") as f:
            tests.update(re.findall(r"^TEST\((\w+)\)", f.read(), re.MULTILINE))
    failed = 0
    rows = list(named(pages.read("docs/axvm.md")))
    for what, name in rows:
        there = os.path.exists(os.path.join(ROOT, name)) if "/" in name else name in tests
        print("ok" if there else "FAIL", f"docs/axvm.md: {what}: {name}")
        failed += not there
    if len(rows) < 30:
        print(f"FAIL docs/axvm.md: it names {len(rows)} tests")
        failed += 1
    sys.exit(failed != 0)


main()
