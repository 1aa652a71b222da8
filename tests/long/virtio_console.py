#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux whose only console is hvc0: its shell, and its server that dies while characters go both ways.

What the guest prints, reads and has on its disk meanwhile is checked as in tests/qemu/killed.py.
"""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "qemu", "lib"))

from kill import Killer, Program  # noqa: E402
from load import Load, prepare  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, expect_md5, numbers, power_off  # noqa: E402

DISK_BYTES = 64 << 20
HVC = ("hvc0.linux", Program("virtio-console"))
# init starts a service again five times in ten seconds, so a boot is good for five deaths.
BOOTS = {
    "around output": ["virtio_chain_get", "ring_write", "ring_write()", "virtio_ring_answer", "virtio_ring_answer()"],
    "around input": ["virtio_chain_put()", "virtio_device_commit", "ring_skip", "ring_skip()", "virtio_mmio_access()"],
}


def shell(directory):
    disk = os.path.join(directory, "disk.img")
    prepare(disk, DISK_BYTES)
    with Killer("hvc", disk, {"append": "quiet"}) as machine:
        booted(machine)
        require(done(machine, "cat /sys/class/tty/console/active") == "hvc0\n", "the guest has another console")
        require(done(machine, "ls -d /proc/device-tree/pl011* /proc/device-tree/uart* 2>/dev/null; true") == "",
                "the guest has a serial port")
        output = done(machine, "seq 3000", 180)
        require(output.encode() == numbers(3000), "what the guest printed is not what came")
        machine.type("stty -echo; echo rea''dy; cat >/tmp/typed; stty echo\n")
        machine.wait(r"^ready$")
        machine.type(numbers(900).decode() + "\x04")
        expect_md5(machine, "cat /tmp/typed", numbers(900))
        power_off(machine)


def deaths(directory, points):
    service, program = HVC
    disk = os.path.join(directory, "disk.img")
    prepare(disk, DISK_BYTES)
    with Killer("hvc", disk, {"append": "quiet"}) as machine:
        booted(machine)
        load = Load(machine)
        for point in points:
            machine.kill(service, program, point, cause=load.type)
            load.progress()
        load.end(disk)
        power_off(machine)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        case("virtio_console: a shell on hvc0, much output and input", shell, directory)
    for name, points in BOOTS.items():
        with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
            case(f"virtio_console: its server dies {name}", deaths, directory, points)
    finish()


main()
