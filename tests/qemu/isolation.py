#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Nothing is shared: what each core's kernel can write, read from the tables that its MMU walks.

A debugger stops every core in its kernel and walks the tables behind its TTBR0_EL2 (Arm ARM D8: 4 KiB granule, level 0
to 3). Two kernels may read the same text and read-only data; nothing that one can write is mapped by another, and no
kernel can execute what it can write.
"""
import os
import re
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gdb import Gdb, option  # noqa: E402
from machine import KERNEL, ROOT, Machine, bundle  # noqa: E402
from results import Failed, case, finish, require  # noqa: E402

CORES = 4
STOPS = 2000  # in any kernel, until all were seen
ADDRESS = 0x0000fffffffff000
READ_ONLY, NORMAL, XN = 1 << 7, 1 << 2, 1 << 54
DISTRIBUTOR = 0x08000000  # of QEMU's virt
REDISTRIBUTOR, STRIDE = 0x080a0000, 0x20000


def symbol(name):
    elf = KERNEL.removesuffix(".bin") + ".elf"
    lines = subprocess.run([f"{bundle.ARCH}-linux-gnu-nm", elf], check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(re.search(rf"(?m)^([0-9a-f]+) . {name}$", lines)[1], 16)


def leaves(gdb, table, shift=39, at=0):
    """(address, bytes, descriptor) of all that is mapped; physical addresses are virtual ones."""
    data = b"".join(gdb.memory(table + part, 1024) for part in range(0, 4096, 1024))  # as much as a packet holds
    entries = struct.unpack("<512Q", data)
    for i, entry in enumerate(entries):
        here = at + (i << shift)
        if not entry & 1:
            continue
        if shift > 12 and entry & 2:
            yield from leaves(gdb, entry & ADDRESS, shift - 9, here)
        else:
            require(entry & ADDRESS & -(1 << shift) == here, f"0x{here:x} is mapped to another address")
            yield here, 1 << shift, entry


def look(gdb, place, found):
    """The mappings of the cores that stand there: several may have come at once."""
    for core in range(CORES):
        gdb.core(core)
        if core not in found and gdb.get("pc") == place:
            found[core] = list(leaves(gdb, gdb.get("TTBR0_EL2") & ADDRESS))


def mappings():
    """{core: its leaves}, of all cores."""
    found = {}
    machine = Machine(os.path.join(ROOT, "configs", "systems", "selftest.toml"), change=lambda args: args + ["-S"])
    path = os.path.join(machine.directory.name, "gdb")
    machine.args += option(path)
    with machine:
        gdb = Gdb(path, machine=machine)
        gdb.ask("Qqemu.PhyMemMode:1")  # a kernel need not see its own tables
        place = symbol("trap_sync")
        for _ in range(STOPS):
            gdb.stop_at(place)
            gdb.resume()
            look(gdb, place, found)
            if len(found) == CORES:
                return found
            gdb.forget(place)
            gdb.step()
    raise Failed(f"only cores {sorted(found)} were seen in their kernels")


def overlap(a, b):
    """The first range that both lists have a part of."""
    for at, size, _ in a:
        for other, length, _ in b:
            if at < other + length and other < at + size:
                return f"0x{max(at, other):x}"
    return None


def writable(list_of_leaves):
    return [leaf for leaf in list_of_leaves if not leaf[2] & READ_ONLY]


def disjoint(found):
    for core, mine in found.items():
        require(any(leaf[2] & NORMAL for leaf in writable(mine)), f"core {core} has no memory")
        for other, theirs in found.items():
            place = other != core and overlap(writable(mine), theirs)
            require(not place, f"core {core} can write what core {other} maps, at {place}")


def shared(found):
    """Text and read-only data are there, for all the same."""
    texts = [[leaf[:2] for leaf in mine if leaf[2] & READ_ONLY] for mine in found.values()]
    require(texts[0] and all(text == texts[0] for text in texts), f"read-only parts differ: {texts}")


def execute(found):
    for core, mine in found.items():
        bad = [f"0x{at:x}" for at, _, bits in writable(mine) if not bits & XN]
        require(not bad, f"core {core} can write and execute {bad}")
        require(any(not leaf[2] & XN for leaf in mine), f"core {core} has no text")


def devices(found):
    """Each core has its own redistributor; the distributor is core 0's."""
    for core, mine in found.items():
        device = [leaf for leaf in mine if not leaf[2] & NORMAL]
        for number in found:
            there = overlap([(REDISTRIBUTOR + number * STRIDE, STRIDE, 0)], device) is not None
            require(there == (number == core), f"core {core} and the redistributor of core {number}")
        require((overlap([(DISTRIBUTOR, 0x10000, 0)], device) is not None) == (core == 0), f"core {core} and the distributor")


def main():
    found = {}
    if not case("every core is seen in its kernel", lambda: found.update(mappings())):
        return
    case("no kernel maps what another can write", disjoint, found)
    case("all kernels map the same text and read-only data", shared, found)
    case("no kernel executes what it can write", execute, found)
    case("each core has its own part of the interrupt controller", devices, found)


main()
finish()
