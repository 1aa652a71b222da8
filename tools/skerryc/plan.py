# SPDX-License-Identifier: BSD-2-Clause
"""The boot plan: struct boot_plan of boot/plan.h."""
import struct

MAGIC = 0x4e414c50594b53
VERSION = 1
CORES = 8
DEVICES = 16
HEAD = struct.Struct("<QIIII")
DEVICE = struct.Struct("<QQ")
CORE = struct.Struct("<QII")
BYTES = HEAD.size + CORES * (CORE.size + DEVICES * DEVICE.size)


def device_ranges(system, core):
    """The pages of the core's drivers, in order of address; drivers share none (system.py)."""
    return sorted(driver.device.page for driver in system.drivers if driver.core == core.number)


def encode(system):
    out = HEAD.pack(MAGIC, VERSION, len(system.cores), 0, 0)
    for core in system.cores:
        ranges = device_ranges(system, core)
        if len(ranges) > DEVICES:
            raise core.table.error(None, f"has {len(ranges)} drivers; at most {DEVICES} fit, move some to another core")
        out += CORE.pack(core.ram, core.number, len(ranges))
        out += b"".join(DEVICE.pack(*r) for r in ranges).ljust(DEVICES * DEVICE.size, b"\0")
    return out.ljust(BYTES, b"\0")
