# SPDX-License-Identifier: BSD-2-Clause
"""The boot plan: struct boot_plan of boot/plan.h."""
import struct

from skerryc import places, served

MAGIC = 0x4e414c50594b53
VERSION = 2
CORES = 8
DEVICES = 16
RANGES = 16
HEAD = struct.Struct("<QIIII")
DEVICE = struct.Struct("<QQ")
CORE = struct.Struct("<QII")
RANGE = struct.Struct("<QQII")
BYTES = HEAD.size + CORES * (CORE.size + DEVICES * DEVICE.size) + RANGES * RANGE.size


def address_bits(system):
    """What guests need beyond three levels of tables; 0: those are enough."""
    end = max([0] + [served.reach(placed.vm) for placed in system.vms])
    return max(40, (end - 1).bit_length()) if end > served.LOW_END else 0


def encode(system):
    aside = places.set_aside(system)
    if len(aside) > RANGES:
        raise system.table.error(None, f"sets aside {len(aside)} ranges of memory; at most {RANGES} fit, use fewer MapIdentical regions")
    out = HEAD.pack(MAGIC, VERSION, len(system.cores), address_bits(system), len(aside))
    for core in system.cores:
        ranges = places.device_pages(system, core)
        if len(ranges) > DEVICES:
            raise core.table.error(None, f"has {len(ranges)} drivers and passed-through ranges; at most {DEVICES} fit, move some to "
                                   "another core")
        out += CORE.pack(core.ram, core.number, len(ranges))
        out += b"".join(DEVICE.pack(*r) for r in ranges).ljust(DEVICES * DEVICE.size, b"\0")
    out = out.ljust(BYTES - RANGES * RANGE.size, b"\0")
    return (out + b"".join(RANGE.pack(*each) for each in aside)).ljust(BYTES, b"\0")
