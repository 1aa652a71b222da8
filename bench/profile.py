#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where the instructions that are not the guest's go, by program and function.

    bench/profile.py [quiet | verbose] [N]     the N (40) largest of the last run of bench/run.py

`calls` is how often a function's first instruction ran; what the compiler put into its callers is theirs.
"""
import bisect
import collections
import glob
import os
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT = os.path.join(ROOT, "build", os.environ.get("ARCH") or "aarch64")


def readelf(option, path):
    """The rows of a table of readelf, as words."""
    out = subprocess.run(["aarch64-linux-gnu-readelf", option, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True, check=True).stdout
    return [line.split() for line in out.splitlines()]


class Program:
    """An ELF file: the words of its code by address, and its functions."""

    def __init__(self, path):
        self.name = os.path.basename(path).removesuffix(".elf")
        self.words = {}
        with open(path, "rb") as f:
            data = f.read()
        for row in readelf("-lW", path):
            if row[:1] == ["LOAD"] and "E" in row[6:-1]:
                offset, address, size = int(row[1], 16), int(row[2], 16), int(row[4], 16)
                for i in range(0, size & ~3, 4):
                    self.words[address + i] = data[offset + i:offset + i + 4]
        # Number, value, size, type, binding, visibility, section, name. Names with $ are the assembler's marks.
        self.functions = sorted((int(row[1], 16), row[7]) for row in readelf("-sW", path)
                                if len(row) == 8 and row[3] in ("FUNC", "NOTYPE") and row[6] not in ("UND", "Ndx")
                                and not row[7].startswith("$"))
        self.starts = [address for address, _ in self.functions]

    def function(self, address):
        at = bisect.bisect_right(self.starts, address) - 1
        return self.functions[at] if at >= 0 else (0, "?")


def read(path):
    """page -> [(address, word, count)], with the owner of each page."""
    pages, owners = collections.defaultdict(list), {}
    with open(path, encoding="ascii") as f:
        for line in f:
            if line.startswith("code "):
                _, owner, page, address, word, count = line.split()
                pages[page].append((int(address, 16), int(word, 16).to_bytes(4, "little"), int(count)))
                owners[page] = owner
    return pages, owners


def main():
    run = next((a for a in sys.argv[1:] if not a.isdigit()), "verbose")
    most = next((int(a) for a in sys.argv[1:] if a.isdigit()), 40)
    pages, owners = read(os.path.join(ROOT, "build", "bench", "first", run + ".counts"))
    kernel = Program(os.path.join(BUILT, "kernel", "kernel.elf"))
    services = [Program(p) for p in sorted(glob.glob(os.path.join(BUILT, "services", "*.elf")))]
    sums, calls = collections.Counter(), collections.Counter()
    for page, codes in pages.items():
        # A page of a service is recognized by what was executed of it.
        fits = [kernel] if owners[page] == "kernel" else \
            [s for s in services if all(s.words.get(a) == w for a, w, _ in codes)]
        for address, _, count in codes:
            start, name = fits[0].function(address) if fits else (0, "?")
            key = ("/".join(s.name for s in fits) or "?", name)
            sums[key] += count
            calls[key] += count if address == start else 0
    total = sum(sums.values())
    programs = collections.Counter()
    for (program, _), count in sums.items():
        programs[program] += count
    for program, count in programs.most_common():
        print(f"{count:12,} {100 * count / total:5.1f} %  {program}")
    print(f"\n{'instructions':>12} {'':7}  {'calls':>9}  function")
    for key, count in sums.most_common(most):
        print(f"{count:12,} {100 * count / total:5.1f} %  {calls[key]:9,}  {key[0]}: {key[1]}")


if __name__ == "__main__":
    main()
