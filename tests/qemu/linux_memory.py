#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux with memory that is mapped when it is touched, and with the machine's own clock."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import ROOT, SYSTEM, Machine  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, expect_md5, numbers, power_off  # noqa: E402

DAY = "2001-02-03T04:05:06"
SECONDS = 981173106  # of it, since 1970
HOUR = 3600
CLOCK = 'passthrough_devices = [["/pl031@9010000"]]'
DISK = 'backend = "disk"        # a driver of the system file, or "memory"\nfirst_sector = 0\n'


def system(directory, changes, words=""):
    """A system with one Linux guest, in whose VM file something is replaced; its disk is in memory."""
    with open(os.path.join(ROOT, "configs/vms/linux.toml"), encoding="utf-8") as f:
        text = f.read()
    for old, new in [(DISK, 'backend = "memory"\n')] + changes:
        require(text.count(old) == 1, f"{old} is not in the VM file")
        text = text.replace(old, new)
    for name, part in (("vm.toml", text), ("system.toml", SYSTEM + f'\n[[vm]]\nfile = "{directory}/vm.toml"\n{words}')):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
            f.write(part)
    return os.path.join(directory, "system.toml")


def demand(directory):
    """Most of it is never touched; the disk, whose server has all of it, reads and writes what the guest just got."""
    path = system(directory, [("passthrough_devices = []", CLOCK), ("[[skerry.device]]\nname = \"uart0\"",
                                                                    "[skerry]\ndemand = true\n\n[[skerry.device]]\nname = \"uart0\"")])
    with Machine(path, change=lambda args: args + ["-rtc", f"base={DAY}"]) as machine:
        booted(machine)
        now = int(done(machine, "cat /sys/class/rtc/rtc0/since_epoch"))
        require(0 <= now - SECONDS < HOUR, f"the clock says {now}")
        require(done(machine, "cat /sys/class/rtc/rtc0/name").startswith("rtc-pl031"), "the clock is another one")
        require(0 <= int(done(machine, "date +%s")) - SECONDS < HOUR, "the system's time is another one")
        done(machine, "seq 60000 >/tmp/p; dd if=/tmp/p of=/dev/vda bs=4096 conv=fsync 2>/tmp/e; echo 3 >/proc/sys/vm/drop_caches")
        expect_md5(machine, f"head -c {len(numbers(60000))} /dev/vda", numbers(60000))
        power_off(machine)
    touched = re.search(r"vmm linux: touched (\d+) KiB of 262144 KiB", machine.text)
    require(touched, f"no line says what was touched:\n{machine.text[-1000:]}")
    require(20000 < int(touched[1]) < 200000, touched.group())


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        case("linux: memory on demand, and the machine's clock", demand, directory)
    finish()


main()
