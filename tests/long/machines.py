#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Other CPUs, Linux that says all it can about its boot, and the disk in memory."""
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "qemu", "lib"))

from machine import Machine, option  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, expect_md5, numbers, power_off  # noqa: E402

SELFTEST_CPUS = ("cortex-a35", "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1", "a64fx", "max")
LINUX_CPUS = ("cortex-a53", "cortex-a72", "cortex-a76", "max")
DISK_BYTES = 8 << 20


def cpu(name):
    return lambda args: option(args, "-cpu", name)


def selftest(name):
    with Machine("bare", change=cpu(name)) as machine:
        machine.wait(r"^\[vmm\.bare\] \d+ passed, 0 failed$")
        require(machine.off() == 0, "QEMU ended with an error")


def linux(name):
    with Machine("memory-disk", None, {"append": "quiet"}, change=cpu(name)) as machine:
        booted(machine)
        done(machine, "seq 100000 | md5sum && grep -q GICv3 /proc/interrupts")
        power_off(machine)


def verbose():
    """Every line of the kernel's own log is on the console, whole."""
    with Machine("memory-disk", None, {"append": "ignore_loglevel initcall_debug"}) as machine:
        booted(machine)
        log = done(machine, "dmesg | grep 'initcall.*returned'", 120).splitlines()
        require(len(log) > 300, f"there are only {len(log)} lines of initcalls")
        shown = set(re.findall(r"^\[ *\d+\.\d+\] initcall.*$", machine.text[:machine.text.index("skerry-guest: ready")], re.MULTILINE))
        missing = [line for line in log if line not in shown]
        require(not missing, f"{len(missing)} of {len(log)} lines are not on the console:\n" + "\n".join(missing[:5]))
        power_off(machine)


def memory_disk():
    """The disk in memory keeps its data over a reboot of the VM, and is empty when the machine starts."""
    with Machine("memory-disk", None, {"append": "quiet"}) as machine:
        booted(machine)
        expect_md5(machine, "cat /dev/vda", bytes(DISK_BYTES))
        data = numbers(100000)
        done(machine, "seq 100000 | dd of=/dev/vda bs=64k conv=fsync 2>/tmp/lost")
        machine.type("reboot\n")
        booted(machine)
        expect_md5(machine, "cat /dev/vda", data + bytes(DISK_BYTES - len(data)))
        power_off(machine)


for model in SELFTEST_CPUS:
    case(f"machines: the self-test on {model}", selftest, model)
for model in LINUX_CPUS:
    case(f"machines: Linux on {model}", linux, model)
case("machines: Linux with every line of its boot", verbose)
case("machines: the disk in memory", memory_disk)
finish()
