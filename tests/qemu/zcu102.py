#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The board ZCU102 in QEMU: four A53, Cadence's UART, memory with a hole, its own device tree."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import run_system  # noqa: E402
from machine import GUESTS, Machine, bare_system, make_run, option  # noqa: E402
from results import case, finish, require, result  # noqa: E402
from shell import booted, done, power_off  # noqa: E402
import devicetree  # noqa: E402
import image  # noqa: E402


def changed_tree(change):
    """For Machine: the tree that the boot loader passes on, changed."""
    def at_start(args):
        path = os.path.join(os.path.dirname(next(w for w in args if "loaded.dtb" in w).split(",")[1].removeprefix("file=")), "loaded.dtb")
        root = devicetree.read(image.read(path))
        change(root)
        image.write(path, devicetree.write(root))
        return args
    return at_start


def without_psci(root):
    root.children = [node for node in root.children if node.name != "psci"]


def early():
    """What boot code says comes out of the UART that /chosen names by its alias, before anything has set it up."""
    with Machine("zcu102", change=changed_tree(without_psci)) as machine:
        machine.wait(r"^skerry: no PSCI by SMC in the device tree$")
    with Machine("zcu102", change=lambda args: option(args, "-machine", "xlnx-zcu102")) as machine:
        machine.wait(r"^skerry: EL2 is needed, this is EL1")
        require(machine.off() == 0, "the machine did not turn itself off")


CORE = """
[[core]]
number = {0}
ram_mib = 64
when_off = "core-off"

[[vm]]
file = "selftest"
core = {0}
id = 10{0}
name = "selftest{0}"
guest = "{1}"
"""
HIGH = "[0x8_1000_0000, 0x20_0000, 0x7, 1]"  # behind the hole, at the machine's own address


def all_cores(directory):
    """The guests that know a GICv2, and memory behind the hole, on core 0; one of them on each other core, whose memory is the
    highest there is."""
    guests = [("gicv2", 1), ("gicv2_sgi", 2)]
    path = bare_system(directory, guests)
    change(path, ('board = "qemu-virt"', 'board = "zcu102"'), ('image = "pl011-driver"\n', ""),
           ('when_off = "system-off"', 'when_off = "system-off"\nawait = [1, 2, 3]'))
    with open(path, "a", encoding="utf-8") as f:
        f.writelines(CORE.format(core, os.path.join(GUESTS, "gicv2.bin")) for core in (1, 2, 3))
    change(os.path.join(directory, "gicv2.toml"), ("0x7, 0]]", f"0x7, 0], {HIGH}]"))
    text = run_system(path, [name for name, _ in guests], "zcu102")
    for core in (1, 2, 3):
        result(f"init: core {core} finished its self-test and is off" in text, f"zcu102: core {core} tests itself", text[-2000:])


def change(path, *edits):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for old, new in edits:
        require(old in text, f"{path} has no {old}")
        text = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def linux():
    """make run CONFIG=zcu102: the shell, the disk in memory, the end."""
    with make_run({"CONFIG": "zcu102", "APPEND": "quiet"}) as vm:
        booted(vm)
        require(re.search(r" GIC-0 +27 Level +arch_timer$", done(vm, "cat /proc/interrupts"), re.MULTILINE), "its timer is not a GIC's")
        done(vm, "seq 2000 | dd of=/dev/vda conv=fsync 2>/tmp/e")
        require(done(vm, "head -n 2000 /dev/vda | tail -n 1") == "2000\n", "the disk is not what was written")
        power_off(vm)


def main():
    case("zcu102: boot code is heard", early)
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        all_cores(directory)
    case("zcu102: Linux has its shell and its disk", linux)
    finish()


main()
