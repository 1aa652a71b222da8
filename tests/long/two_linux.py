#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two Linux VMs on one core: one console, one disk in two halves, and each ends on its own."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "qemu", "lib"))

from machine import make_run  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import BOOT_LIMIT, PROMPT, READY, booted, done, expect_md5, numbers, power_off  # noqa: E402

HALF = 32 << 20
ESCAPE = "\x1d"  # Ctrl-]
PREFIX = {"linux": r"^\[linux\] ", "linux-b": r"^\[linux-b\] "}
FILLS = {"linux": numbers(40000), "linux-b": numbers(50000)}


def both_booted(machine):
    """The one with the keyboard has its prompt, the other one said that it is ready, behind its name."""
    booted(machine)
    machine.see(PREFIX["linux-b"] + READY[1:], BOOT_LIMIT)
    require(not re.search(PREFIX["linux"], machine.text, re.MULTILINE), "the lines of the one with the keyboard have a prefix")


def attach(machine, key, name):
    machine.type(ESCAPE + key)
    machine.wait(rf"^\[console\] attached to uart0\.{name}; Ctrl-\] h: help$")
    machine.type("\n")
    machine.wait(PROMPT)


def keys(machine):
    """Ctrl-] h lists keys and guests."""
    machine.type(ESCAPE + "h")
    machine.wait(r"^\[console\] Ctrl-\] then: h help, n next, 0-9 attach, d detach, Ctrl-\] itself\n"
                 r"\[console\] \* 0 uart0\.linux\n\[console\]   1 uart0\.linux-b$")
    machine.type(ESCAPE + "z")
    machine.wait(r"^\[console\] no such key or guest; Ctrl-\] h: help$")


def background(machine):
    """What a guest without the keyboard prints has its name before it; its prompt comes to light with the keyboard."""
    machine.type(f"seq 300\n{ESCAPE}1")
    machine.wait(r"^\[console\] attached to uart0\.linux-b; Ctrl-\] h: help$")
    machine.wait(PREFIX["linux"] + "299\n\\[linux\\] 300$")
    machine.type("\n")
    machine.wait(PROMPT)
    done(machine, ">/tmp/of-b")
    machine.type(ESCAPE + "0")
    machine.wait(r"^\[console\] attached to uart0\.linux; Ctrl-\] h: help\nguest:/# ")
    require(done(machine, "ls /tmp") == "", "the two share a file system")


def disks(machine):
    """Each writes all of its disk and finds it again, when the other one has written its own."""
    for key, name in (("1", "linux-b"), ("0", "linux")):
        attach(machine, key, name)
        require(done(machine, "blockdev --getsize64 /dev/vda") == f"{HALF}\n", "the disk has another size")
        expect_md5(machine, "cat /dev/vda", bytes(HALF))
        count = FILLS[name].count(b"\n")
        done(machine, f"seq {count} | dd of=/dev/vda conv=fsync 2>/dev/null")
        done(machine, f"seq {count} | tail -c 4096 | dd of=/dev/vda bs=4096 seek=$(({HALF} / 4096 - 1)) conv=fsync 2>/dev/null")
        expect_md5(machine, "cat /dev/vda", half(name))
    attach(machine, "n", "linux-b")
    done(machine, "echo 3 >/proc/sys/vm/drop_caches")
    expect_md5(machine, "cat /dev/vda", half("linux-b"))


def half(name):
    data = FILLS[name]
    return data + bytes(HALF - len(data) - 4096) + data[-4096:]


def ends(machine):
    """One powers off, the other goes on; QEMU ends with the last one."""
    attach(machine, "0", "linux")
    machine.type("poweroff\n")
    machine.wait(r"reboot: Power down$")
    attach(machine, "1", "linux-b")
    require(done(machine, "echo alive; uname -m") == "alive\naarch64\n", "the other one does not go on")
    power_off(machine)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        disk = os.path.join(directory, "disk.img")
        with make_run({"CONFIG": "two-linux", "DISK": disk, "APPEND": "quiet"}) as machine:
            case("two_linux: both come to their shells, one behind its name", both_booted, machine) \
                and case("two_linux: the console's keys", keys, machine) \
                and case("two_linux: lines of the one without keyboard", background, machine) \
                and case("two_linux: each has its own half of the disk", disks, machine) \
                and case("two_linux: one off, the other goes on; QEMU ends with the last", ends, machine)
        with open(disk, "rb") as f:
            case("two_linux: both halves in the host's file", require, f.read() == half("linux") + half("linux-b"),
                 "the file has other data")
    finish()


main()
