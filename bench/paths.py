#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's longest path: instructions without a look whether an interrupt is pending (bench/plugin/paths.c).

    bench/paths.py bench/worst.toml 'all done'     boots a system until it has said that, and shows where the longest was
"""
import bisect
import collections
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests", "qemu", "lib")]

import counted  # noqa: E402
import linux  # noqa: E402
from counted import BUILD, KERNEL, RAM_BASE, SERVICES, Failed, sections  # noqa: E402
from machine import Machine, bare_system, option  # noqa: E402
import bundle  # noqa: E402

PLUGIN = os.path.join(BUILD, "host", "bench", "paths.so")
RAM_BYTES = 2 << 30  # as much as any machine here has
LIMIT = 300  # seconds of the host; ends a boot that hangs
SYSTEMS = {"worst": ("worst.toml", r"worst: all done$"), "micro": ("micro.toml", r"bench guest: done$")}
GUESTS = ["noise", "overflow"]  # of tests/guests: all that a guest can do at random; more interrupts than list registers


def plugin(out):
    """QEMU's options for it; its result goes to the file `out` when QEMU ends."""
    found = sections()
    text, boot = found[".text"][0], found[".boot"][0]
    ranges = {"ram": (RAM_BASE, RAM_BASE + RAM_BYTES), "text": (text, boot), "services": SERVICES}
    return ["-plugin", ",".join([PLUGIN] + [f"{name}={a:x}-{b:x}" for name, (a, b) in ranges.items()] + [f"out={out}"])]


def longest(out):
    try:
        with open(out, encoding="ascii") as f:
            return int(re.match(r"path (\d+)$", f.readline())[1])
    except (OSError, TypeError) as e:
        raise Failed(f"QEMU left no path in {out}: {e}") from e


def symbols():
    lines = subprocess.run([f"{bundle.ARCH}-linux-gnu-nm", "-n", KERNEL + ".elf"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.splitlines()
    rows = [line.split() for line in lines]
    return [(int(row[0], 16), row[2]) for row in rows if row[1] in "tT" and not row[2].startswith("$")]


def where(out):
    """Runs of blocks of the longest path by function, in order of their first."""
    table, runs = symbols(), collections.Counter()
    starts = [address for address, _ in table]
    with open(out, encoding="ascii") as f:
        for address, count in re.findall(r"^block (\w+) (\d+)$", f.read(), re.MULTILINE):
            runs[table[bisect.bisect_right(starts, int(address, 16)) - 1][1]] += int(count)
    return runs


def boot(system, end, out, progress=lambda: None):
    """Boots a system of one core until it has said `end`; its longest path."""
    def change(args):
        return option(args, "-smp", "1") + ["-icount", "shift=0,sleep=off", "-seed", "1"] + plugin(out)

    with Machine(system, change=change) as machine:
        while not re.search(end, machine.text, re.MULTILINE):
            progress()
            if not machine.read(time.monotonic() + LIMIT):
                raise Failed(f"{system} ended before {end!r}; its output ends with\n{machine.text[-2000:]}")
        machine.process.terminate()
        machine.off(LIMIT)
        failed = re.search("^.*(: failed|FAIL .*)$", machine.text, re.MULTILINE)
        if failed:
            raise Failed(failed.group())
    return longest(out)


def measure(directory, progress):
    """The longest of all, and of each."""
    os.makedirs(directory, exist_ok=True)
    found = {}
    for name, (system, end) in SYSTEMS.items():
        found[name] = boot(os.path.join(HERE, system), end, os.path.join(directory, name + ".path"), progress)
    for name in GUESTS:
        system = bare_system(directory, [(name, 1)])
        found[name] = boot(system, r"\d+ passed, 0 failed$", os.path.join(directory, name + ".path"), progress)
    out = os.path.join(directory, "linux.path")
    counted.boot(linux.SYSTEM, directory, "path", linux.MARKER, "quiet" + linux.OFF, progress, plugin(out))
    found["linux"] = longest(out)
    most = max(found, key=found.get)
    out = os.path.join(directory, most + ".path")
    blocks = sorted(where(out).items(), key=lambda row: -row[1])[:4]
    note = "longest paths: " + ", ".join(f"{name} {length:,}" for name, length in found.items()) + \
        f"; that of {most} is in " + ", ".join(f"{function} ({count:,} blocks)" for function, count in blocks)
    return {**found, "kernel_max_path": found[most], "note": note}


def main(system, end):
    out = os.path.join(BUILD, "bench", "path")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    print(f"longest path: {boot(system, end, out)} instructions; blocks run by function:")
    for function, count in where(out).items():
        print(f"  {count:6} {function}")


if __name__ == "__main__":
    main(*sys.argv[1:])
