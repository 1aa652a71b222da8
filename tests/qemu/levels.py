#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Three or four levels of stage-2 tables, as the plan needs and the CPU can: the same guests on each."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import report, run_guests  # noqa: E402
from machine import GUESTS, Machine, SYSTEM, VM, option  # noqa: E402
from results import case, finish, require  # noqa: E402

HIGH_DEVICE = """
[[skerry.device]]
name = "uart1"
compatible = "arm,pl011"
base = 0x100_4000_0000
length = 0x1000
irq = 34
server = "pl011"
backend = "memory"
"""


def high_system(directory, name):
    """A system whose guest has memory and a device at 1 TiB."""
    vm = VM.format(id=1, name=name, cpus=1, image=os.path.join(GUESTS, name + ".bin"), backend="memory") + HIGH_DEVICE
    vm = vm.replace("0x100_0000, 0x7, 0]]", "0x100_0000, 0x7, 0], [0x100_0000_0000, 0x20_0000, 0x7, 0]]")
    path, system = os.path.join(directory, "vm.toml"), os.path.join(directory, "system.toml")
    for name, text in ((path, vm), (system, SYSTEM + f'\n[[vm]]\nfile = "{path}"\ncore = 0\n')):
        with open(name, "w", encoding="utf-8") as f:
            f.write(text)
    return system


def cpu(name):
    return lambda args: option(args, "-cpu", name)


def four_levels(name, guest):
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        with Machine(high_system(directory, guest), change=cpu(name)) as machine:
            require(machine.off() == 0, machine.text[-2000:])
            report(machine.text, guest)


def refused(name, line):
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        with Machine(high_system(directory, "high"), change=cpu(name)) as machine:
            machine.off()
            require(line in machine.text, machine.text[-2000:])
            require("[vmm" not in machine.text, "a VM was started")


for core in ("cortex-a57", "max"):
    for test in ("high", "idregs", "decode"):
        case(f"levels: four on {core}, {test}", four_levels, core, test)
case("levels: a plan for four, on a CPU that has three", refused, "cortex-a53",
     "skerry: plan: 41 address bits are needed, this CPU has 40 and tables for 39")
run_guests([("idregs", 1)], "levels: three on cortex-a53", change=cpu("cortex-a53"))
finish()
