# SPDX-License-Identifier: BSD-2-Clause
"""The rows of docs/kernel.md: an invariant, the code that keeps it, the tests that break."""
import collections
import glob
import os
import re

import pages

Row = collections.namedtuple("Row", "number text code tests")
_programs = {}


def rows():
    found = []
    for cells in re.findall(r"(?m)^\| ([A-Z]\d+) \| (.*) \| (.*) \| (.*) \|$", pages.read("docs/kernel.md")):
        number, text, code, tests = cells
        found.append(Row(number, text, re.findall(r"`([\w/.]+)`:`(\w+)`", code), re.findall(r"`(\w+)`", tests)))
    return found


def program_of(test):
    """The program of tests/unit that has the test; empty: none."""
    if not _programs:
        for path in glob.glob(os.path.join(pages.ROOT, "tests", "unit", "test_*.c")):
            program = os.path.basename(path)[:-2]
            text = pages.read(path)
            _programs.update((name, program) for name in re.findall(r"(?m)^TEST\((\w+)\)", text))
            for scene in re.findall(r"(?m)^IN_USE\((\w+)\)", text):
                for how in ("deleted", "revoked", "memory_revoked", "memory_deleted"):
                    _programs[f"in_use_{scene}_{how}"] = program
    return _programs.get(test, "")
