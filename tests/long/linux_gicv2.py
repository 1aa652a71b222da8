#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux with two vCPUs on a machine with a GICv2: its drivers have no complaint, and it turns itself off."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu", "lib"))

from machine import Machine  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, power_off  # noqa: E402

COMPLAINT = re.compile(r"^.*(?:GIC.*(?:fail|error|unable|not )|WARNING:|Unexpected).*$", re.MULTILINE | re.IGNORECASE)


def linux():
    """Both vCPUs have their timers' interrupts, and send each other SGIs."""
    with Machine("gicv2") as machine:
        booted(machine)
        log = done(machine, "dmesg")
        require(re.search(r"Root IRQ handler: gic_handle_irq", log), f"no GIC in the log:\n{log}")
        found = COMPLAINT.search(log)
        require(not found, found.group() if found else "")
        table = done(machine, "taskset 2 true; dd if=/dev/vda of=/dev/null bs=64k count=8 2>/dev/null; cat /proc/interrupts")
        for line in (r"\bGIC-0 +27 Level +arch_timer", r"\bGIC-0 +48 Level +virtio0", r"Function call interrupts"):
            counts = re.search(rf"^ *\w+: +(\d+) +(\d+) .*{line}", table, re.MULTILINE)
            require(counts and int(counts[1]) + int(counts[2]) > 0, f"no interrupts {line} in\n{table}")
            require("virtio" in line or int(counts[2]), f"none of the second vCPU {line} in\n{table}")
        power_off(machine)


case("gicv2: Linux with two vCPUs", linux)
finish()
