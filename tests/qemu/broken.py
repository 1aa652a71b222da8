#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A device server that never starts: init gives it up, its VM ends with it, and the others go on."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import report  # noqa: E402
from machine import Machine, bare_system  # noqa: E402
from results import case, finish  # noqa: E402

# A program that ends when it is not granted what a console needs.
DEVICE = """
[[skerry.device]]
name = "broken0"
compatible = "acme,broken"
base = 0x0b00_0000
length = 0x1000
irq = 50
server = "console"
"""


def given_up():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        system = bare_system(directory, [("selftest", 1), ("timers", 1)])
        with open(os.path.join(directory, "timers.toml"), "a", encoding="utf-8") as f:
            f.write(DEVICE)
        with Machine(system) as machine:
            machine.wait(r"init: broken0\.timers died \d+ times in \d+ s and is not restarted$")
            machine.wait(r"init: vmm\.timers ends, too$")
            machine.off()
            report(machine.text, "selftest")


case("a VM ends with a device server that is given up, and the machine goes off", given_up)
finish()
