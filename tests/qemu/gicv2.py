#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A machine with a GICv2: guests against the manual's words, and what is for the other GIC."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import run_system  # noqa: E402
from machine import Machine, bare_system, option  # noqa: E402
from results import case, finish, require  # noqa: E402
import config_pb2 as pb  # noqa: E402

# Two VMs of one core: one page is the CPU interface of both.
GUESTS = [("gicv2", 1), ("gicv2_sgi", 2)]
OTHER_KERNEL = (r"skerry: this machine has a GICv3, this kernel is built for a GICv2: "
                r"start QEMU with -machine virt,gic-version=2,virtualization=on")


def on_gicv2(directory, guests):
    path = bare_system(directory, guests)
    with open(path, encoding="utf-8") as f:
        text = f.read().replace('board = "qemu-virt"', 'board = "qemu-virt-gicv2"')
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def other_kernel(directory):
    with Machine(on_gicv2(directory, GUESTS[:1]),
                 change=lambda args: option(args, "-machine", "virt,virtualization=on,gic-version=3")) as machine:
        require(machine.off() == 0, f"it does not turn the machine off:\n{machine.text}")
        require(re.fullmatch(OTHER_KERNEL, machine.text.strip()), machine.text)


def other_vm(system, gic, line):
    """The compiler refuses such a VM; here its words are changed behind it."""
    def spoil(compiled):
        for service in compiled.manifests[0].services:
            if service.name.startswith("vmm."):
                config = pb.VmConfig.FromString(service.config)
                config.gic = gic
                service.config = config.SerializeToString()

    with Machine(system, spoil=spoil) as machine:
        machine.wait(line)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        run_system(on_gicv2(directory, GUESTS), [name for name, _ in GUESTS], "gicv2")
        case("gicv2: a kernel for the other GIC", other_kernel, directory)
        case("gicv2: a VM with a GICv3", other_vm, on_gicv2(directory, GUESTS[:1]), 3,
             r"vmm gicv2: its interrupt controller is a GICv3, and the machine's a GICv2$")
        case("gicv2: a VM with a GICv2 on a GICv3", other_vm, bare_system(directory, GUESTS[:1]), 2,
             r"vmm gicv2: its interrupt controller is a GICv2, and the machine's a GICv3$")
    finish()


if __name__ == "__main__":
    main()
