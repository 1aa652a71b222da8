#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ten reboots in one QEMU: each is a new VM, and the disk keeps what the ones before wrote."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "qemu", "lib"))

from machine import make_run  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, power_off  # noqa: E402

REBOOTS = 10


def reboots(machine):
    booted(machine)
    for number in range(REBOOTS):
        require(done(machine, "ls /tmp") == "", "something of the VM before is in memory")
        done(machine, f"echo boot {number} | dd of=/dev/vda seek={number} conv=fsync 2>/tmp/lost")
        machine.type("reboot\n")
        booted(machine)
        for before in range(number + 1):
            require(done(machine, f"dd if=/dev/vda skip={before} count=1 2>/dev/null | head -n 1") == f"boot {before}\n",
                    f"after boot {number}, the data of boot {before} is not there")
    power_off(machine)


with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
    with make_run({"DISK": os.path.join(directory, "disk.img"), "APPEND": "quiet"}) as process:
        case(f"reboots: {REBOOTS} in one QEMU", reboots, process)
finish()
