#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of memory regions: flags (tests/guests/flags.c), MapReserved (tests/guests/kept.c), MapIdentical whose place is
not free."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import run_system  # noqa: E402
from machine import GUESTS, ROOT, SYSTEM, VM, Machine, option  # noqa: E402
from results import case, finish, require, result  # noqa: E402

RAM = "memory_regions = [[0x8000_0000, 0x100_0000, 0x7, 0]]"
FLAGS = """memory_regions = [
    [0x8000_0000, 0x100_0000, 0x7, 0],
    [0x9000_0000, 0x4000, 0x5, 0],
    [0x9000_4000, 0x4000, 0x3, 0],
    [0x9000_8000, 0x1000, 0x17, 0],
]"""
KEPT = 0xbfe00000
WORD = 0x1122334455667788
RESERVED = f"""
[[reserved]]
name = "kept"
base = {KEPT:#x}
size = 0x2000
"""


DISK = """
[[skerry.device]]
name = "disk0"
compatible = "virtio,mmio"
base = 0x0a00_0000
length = 0x1000
irq = 48
server = "virtio-blk"
backend = "memory"
sectors = 64
"""


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def vm(directory, guest, regions, number=1):
    text = VM.format(id=number, name=guest, cpus=1, image=os.path.join(GUESTS, guest + ".bin"), backend="memory")
    return f'\n[[vm]]\nfile = "{write(directory, guest + ".toml", text.replace(RAM, regions))}"\n'


def flags(directory):
    text = run_system(write(directory, "flags-system.toml", SYSTEM + vm(directory, "flags", FLAGS)), ["flags"], "flags")
    result("its page does not allow this" in text, "flags: a line says what was refused", text[-2000:])


def kept(directory):
    """QEMU puts a word there before the machine starts."""
    with open(os.path.join(ROOT, "configs/boards/qemu-virt.toml"), encoding="utf-8") as f:
        board = write(directory, "board.toml", f.read() + RESERVED)
    regions = RAM.replace("]]", f"], [{KEPT:#x}, 0x2000, 0x3, 2]]")
    system = write(directory, "kept-system.toml", SYSTEM.replace('"qemu-virt"', f'"{board}"') + vm(directory, "kept", regions))
    run_system(system, ["kept"], "kept", lambda args: args + ["-device", f"loader,addr={KEPT:#x},data={WORD:#x},data-len=8"])


def busy(directory):
    """A machine with less memory than the board file says: the VM is not started, and the other one runs to its end."""
    regions = RAM.replace("0x7, 0", "0x7, 1")
    system = write(directory, "busy-system.toml", SYSTEM + vm(directory, "flags", regions) + vm(directory, "selftest", RAM, 2))
    with Machine(system, change=lambda args: option(args, "-m", "1024")) as machine:
        status = machine.off()
    for line in (r"^init: memory ram0\.flags, 0x1000000 bytes at 0x80000000: no free RAM of this core, or not what the boot plan has$",
                 r"^init: vmm\.flags: grant ram0: out of memory$", r"^init: vmm\.flags was not started$",
                 r"^\[vmm\.selftest\] \d+ passed, 0 failed$"):
        require(re.search(line, machine.text, re.MULTILINE), f"no line {line} in\n{machine.text}")
    require(status == 0, f"the exit status is {status}")


def demand(directory):
    """The VM's own 16 MiB are 8 blocks, of which its program touches the first; what the guest touches beside is known."""
    regions = RAM.replace("]]", "], [0x9000_0000, 0x10_0000, 0x7, 0], [0xa000_0000, 0x80_0000, 0x7, 0]]")
    system = SYSTEM + vm(directory, "demand", regions)
    path = os.path.join(directory, "demand.toml")
    with open(path, "a", encoding="utf-8") as f:
        f.write(DISK + "\n[skerry]\ndemand = true\n")
    text = run_system(write(directory, "demand-system.toml", system), ["demand"], "demand")
    touched = re.search(r"vmm demand: touched (\d+) KiB of (\d+) KiB", text)
    expected = (132 * 4 + 5 * 2048, 16384 + 1024 + 8192)
    result(touched and tuple(map(int, touched.groups())) == expected, "demand: no more is mapped than was touched",
           f"{touched and touched.group()}, expected {expected}")


def across(directory):
    """The second region begins where the first ends; it is of pages."""
    system = SYSTEM + vm(directory, "across", RAM.replace("]]", "], [0x8100_0000, 0x3000, 0x7, 0]]"))
    with open(os.path.join(directory, "across.toml"), "a", encoding="utf-8") as f:
        f.write(DISK)
    run_system(write(directory, "across-system.toml", system), ["across"], "across")


def other_core(directory):
    """Memory at its own address out of core 1's share, which is little more than that. Core 1 has no console: that its
    guest was content is what turns it off."""
    text = SYSTEM.replace('when_off = "system-off"', 'when_off = "system-off"\nawait = [1]\n\n[[core]]\nnumber = 1\nram_mib = 48')
    text += vm(directory, "selftest", RAM.replace("0x7, 0", "0x7, 1")) + "core = 1\n" + vm(directory, "wfi", RAM, 2)
    with Machine(write(directory, "other-system.toml", text)) as machine:
        status = machine.off()
    require(re.search(r"^init: core 1 finished its self-test and is off$", machine.text, re.MULTILINE), machine.text)
    require(status == 0, f"the exit status is {status}")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        flags(directory)
        kept(directory)
        demand(directory)
        across(directory)
        case("memory: a VM whose place is not free is not started", busy, directory)
        case("memory: MapIdentical on another core", other_core, directory)
    finish()


main()
