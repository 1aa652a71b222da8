#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What guests and services can reach: the stage-2 tables of every space that runs, as their MMU walks them.

A debugger stops the machine at entries of the kernel, notes each VTTBR_EL2, and walks what is behind it (Arm ARM D8:
4 KiB granule, from level 1). No page is the kernel's: its image, its own tables, anybody's tables, its own objects. No page of
a service is both written and executed, and what two spaces can write is what two were granted.
"""
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gdb import Gdb, option  # noqa: E402
from machine import KERNEL, Machine, bare_system, bundle  # noqa: E402
from results import case, finish, require  # noqa: E402

STOPS = 300
SPACES = 9  # init, console, driver, two VMs with a VMM and a device server each
ADDRESS = 0x0000fffffffff000
WRITE, XN = 1 << 7, 1 << 54
FIRST_SERVICE = 64  # VMIDs below are those of VMs
ROOT_SHIFT = 30     # of 39 bits of address


def symbol(name):
    elf = KERNEL.removesuffix(".bin") + ".elf"
    lines = subprocess.run([f"{bundle.ARCH}-linux-gnu-nm", elf], check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(re.search(rf"(?m)^([0-9a-f]+) . {name}$", lines)[1], 16)


def walk(gdb, table, shift, tables, pages):
    """Adds the addresses of tables, and (address, bytes, descriptor) of what they map."""
    tables.append(table)
    data = b"".join(gdb.memory(table + part, 1024) for part in range(0, 4096, 1024))  # as much as a packet holds
    for entry in struct.unpack("<512Q", data):
        if not entry & 1:
            continue
        if shift > 12 and entry & 2:
            walk(gdb, entry & ADDRESS, shift - 9, tables, pages)
        else:
            pages.append((entry & ADDRESS & -(1 << shift), 1 << shift, entry))


def stops(gdb, places):
    """Whose entries there are."""
    bases = set()
    for _ in range(STOPS):
        for place in places:
            gdb.stop_at(place)
        gdb.resume()
        bases.add(gdb.get("VTTBR_EL2"))
        for place in places:
            gdb.forget(place)
        gdb.step()
    return {base for base in bases if base & ADDRESS}


def look():
    """({VTTBR: its pages}, [(address, bytes, whose)] of what is the kernel's)"""
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        machine = Machine(bare_system(directory, [("marked", 2), ("victim", 1)]), change=lambda args: args + ["-S"])
        path = os.path.join(directory, "gdb")
        machine.args += option(path)
        with machine:
            gdb = Gdb(path, machine=machine)
            gdb.ask("Qqemu.PhyMemMode:1")
            places = [symbol("vectors") + 0x400, symbol("vectors") + 0x480]
            spaces, own = {}, []
            bases = stops(gdb, places)  # init starts all
            gdb.go()
            machine.wait("marked: up")
            machine.see("victim: up")
            gdb.interrupt()
            bases |= stops(gdb, places)
            for base in bases:
                tables, spaces[base] = [], []
                walk(gdb, base & ADDRESS, ROOT_SHIFT, tables, spaces[base])
                own += [(table, 4096, f"a table of VMID {base >> 48}") for table in tables]
            tables = []
            walk(gdb, gdb.get("TTBR0_EL2") & ADDRESS, 39, tables, [])
            own += [(table, 4096, "a table of the kernel") for table in tables]
            kernel, = struct.unpack("<Q", gdb.memory(gdb.get("TPIDR_EL2"), 8))
            own.append((kernel & -4096, 4096, "struct kernel"))
            own.append((gdb.get("TPIDR_EL2") & -4096, 4096, "the kernel's stack"))
            own.append((gdb.get("SP_EL2") & -4096, 4096, "a context"))
    own.append((symbol("vectors") & -4096, symbol("boot_start") - (symbol("vectors") & -4096), "the kernel's image"))
    return spaces, own


def kernels_own(spaces, own):
    for base, pages in spaces.items():
        for at, size, _ in pages:
            for other, length, whose in own:
                require(at >= other + length or other >= at + size, f"VMID {base >> 48} has a page of {whose}, at 0x{other:x}")


def write_or_execute(spaces):
    for base, pages in spaces.items():
        if base >> 48 >= FIRST_SERVICE:
            bad = [f"0x{at:x}" for at, _, entry in pages if entry & WRITE and not entry & XN]
            require(not bad, f"VMID {base >> 48} can write and execute {bad}")


def guests_apart(spaces):
    """Nothing is mapped by two VMs."""
    vms = [pages for base, pages in spaces.items() if base >> 48 < FIRST_SERVICE]
    require(len(vms) == 2, f"{len(vms)} VMs ran")
    for at, size, _ in vms[0]:
        for other, length, _ in vms[1]:
            require(at >= other + length or other >= at + size, f"both have 0x{at:x}")


def main():
    found = []
    if not case("all spaces are seen", lambda: found.extend(look())):
        return
    spaces, own = found
    case(f"{SPACES} spaces ran", lambda: require(len(spaces) >= SPACES, f"only {len(spaces)}"))
    case("no page of the kernel is reached from EL0 or EL1", kernels_own, spaces, own)
    case("no service can write what it can execute", write_or_execute, spaces)
    case("no page is two VMs'", guests_apart, spaces)


main()
finish()
