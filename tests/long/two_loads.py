#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two Linux VMs on one core, both under load: neither loses anything, whoever has the keyboard."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "qemu", "lib"))

from load import Load, prepare  # noqa: E402
from machine import make_run  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import BOOT_LIMIT, PROMPT, booted, done, power_off  # noqa: E402

HALF = 32 << 20
ESCAPE = "\x1d"  # Ctrl-]
LINES = 2500     # of the one without the keyboard; the other one prints more, so it ends alone


class Behind(Load):
    """A load whose VM has not the keyboard from `away` to `back`: there its lines have its name before them."""

    away = back = 0

    def output(self):
        text = self.machine.text
        named = re.findall(r"^\[linux-b\] (.*)$", text[self.away:self.back], re.MULTILINE)
        return "\n".join([text[self.begin:self.away], *named, text[self.back:self.machine.at]])


def attach(machine, key, name):
    machine.type(ESCAPE + key)
    return machine.wait(rf"^\[console\] attached to uart0\.{name}; Ctrl-\] h: help$").end()


def both(machine, disk):
    booted(machine)
    machine.see(r"^\[linux-b\] skerry-guest: ready$", BOOT_LIMIT)
    attach(machine, "1", "linux-b")
    machine.type("\n")
    machine.wait(PROMPT)
    behind = Behind(machine, LINES)
    behind.away = attach(machine, "0", "linux")
    machine.type("\n")
    machine.wait(PROMPT)
    front = Load(machine, 2 * LINES)
    machine.see(rf"^\[linux-b\] {LINES:07d}$", 180)
    machine.wait(rf"^{2 * LINES:07d}$", 180)
    front.type(20)
    front.end(disk)
    behind.back = attach(machine, "1", "linux-b")
    behind.type(20)
    behind.end(disk, HALF)
    power_off_both(machine)


def power_off_both(machine):
    machine.type("poweroff\n")
    machine.wait("reboot: Power down$")
    attach(machine, "0", "linux")
    require(done(machine, "echo alive") == "alive\n", "the other one does not go on")
    power_off(machine)


with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
    image = os.path.join(directory, "disk.img")
    prepare(image, 2 * HALF, (0, HALF))
    with make_run({"CONFIG": "two-linux", "DISK": image, "APPEND": "quiet"}) as process:
        case("two_loads: nothing is lost", both, process, image)
finish()
