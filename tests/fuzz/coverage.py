#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the fixed seeds reach: coverage.py [TARGET...] after `make fuzz-coverage`. Lines by gcov; --lines lists
those of each file that no case reached."""
import argparse
import collections
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COV = ROOT / "build" / "fuzz" / "cov"


def sources(target):
    """Files under test of a target: those it names, and what it takes from the kernel or a device model."""
    for count in COV.glob("**/*.gcda"):
        count.unlink()
    subprocess.run([COV / "bin" / target], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    found = collections.defaultdict(dict)
    with tempfile.TemporaryDirectory() as directory:
        counts = sorted(COV.glob("**/*.gcda"))
        subprocess.run(["gcov", "--json-format", *counts], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        for report in pathlib.Path(directory).glob("*.json.gz"):
            with gzip.open(report) as f:
                data = json.load(f)
            for file in data["files"]:
                lines = found[os.path.relpath(os.path.join(ROOT, file["file"]), ROOT)]
                for line in file["lines"]:
                    number = line["line_number"]
                    lines[number] = lines.get(number, 0) + line["count"]
    return {name: lines for name, lines in found.items()
            if name.split("/")[0] in ("kernel", "services", "boot") and any(lines.values())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--lines", action="store_true")
    options = parser.parse_args()
    for target in options.targets or sorted(p.stem for p in (ROOT / "tests" / "fuzz").glob("*.c")):
        print(target)
        for name, lines in sorted(sources(target).items()):
            missed = [number for number, count in sorted(lines.items()) if not count]
            print(f"  {name:<48} {100 * (len(lines) - len(missed)) // len(lines):3} % of {len(lines)}")
            text = (ROOT / name).read_text().splitlines()
            for number in missed if options.lines else []:
                print(f"    {number:4} {text[number - 1]}")


if __name__ == "__main__":
    sys.exit(main())
