#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The board ZCU102 in QEMU: four A53, Cadence's UART, memory with a hole, its own device tree."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import Machine, option  # noqa: E402
from results import case, finish, require  # noqa: E402
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


def main():
    case("zcu102: boot code is heard", early)
    finish()


main()
