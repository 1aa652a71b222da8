#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What docs/kernel.md names is there: files, functions in them, tests; and its numbers are in order."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kernel_page  # noqa: E402
import pages  # noqa: E402


def defines(path, function):
    """The file has the function's body, not only a use of it."""
    return re.search(rf"(?m)^\S.*\b{function}\([^;{{]*\)\s*\{{", pages.read(path))


def problems(row, expected):
    if row.number != expected:
        yield f"its number should be {expected}"
    if not row.code or not row.tests:
        yield "it names no code, or no test"
    for path, function in row.code:
        if not os.path.isfile(os.path.join(pages.ROOT, path)):
            yield f"there is no {path}"
        elif not defines(path, function):
            yield f"{path} has no {function}"
    for test in row.tests:
        if not kernel_page.program_of(test):
            yield f"there is no test {test}"


def main():
    failed, counts = 0, {}
    rows = kernel_page.rows()
    for row in rows:
        counts[row.number[0]] = counts.get(row.number[0], 0) + 1
        found = list(problems(row, f"{row.number[0]}{counts[row.number[0]]}"))
        print("FAIL" if found else "ok", f"docs/kernel.md: {row.number}: {row.text}")
        for problem in found:
            print("  " + problem)
        failed += bool(found)
    if len(rows) < 60:
        print(f"FAIL docs/kernel.md: it has {len(rows)} invariants")
        failed += 1
    sys.exit(failed != 0)


main()
