#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Channels between VMs, with bare-metal guests: their own tests, and a VM that starts again."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import DIED, report  # noqa: E402
from kill import Killer, Program  # noqa: E402
from machine import Machine, bare_system  # noqa: E402
from results import case, finish, require, result  # noqa: E402

DEVICE = 'emu_devices = [["ivc", 0xc00_0000, 0x1_0000, 64, 0xa, []]]'
CHANNEL = """
[[ivc.channel]]
publisher = "{}"
key = {:#x}
size = {:#x}
subscribers = ["{}"]
"""


def change(path, old, new):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


def system(directory, a, b, others=()):
    """Keys and sizes are those of tests/guests/lib/channel.h."""
    guests = [a, b, *others]
    path = bare_system(directory, [(name, 1) for name in guests])
    for name in guests:
        change(os.path.join(directory, name + ".toml"), "emu_devices = []", DEVICE)
    with open(path, "a", encoding="utf-8") as f:
        f.write("\n[ivc]\n" + CHANNEL.format(a, 0x11, 0x3000, b) + CHANNEL.format(b, 0x22, 0x1000, a) + f'write = ["{a}"]\n')
        for name in others:
            f.write(CHANNEL.format(name, 0x33, 0x1000, a))
    return path


def together():
    guests = ("ivc_a", "ivc_b", "ivc_c")
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        with Machine(system(directory, *guests[:2], guests[2:])) as machine:
            problem, status = "", None
            try:
                status = machine.off()
            except Exception as e:  # the cases that were reached still count
                problem = str(e)
            for vm in guests:
                report(machine.text, vm)
            died = DIED.search(machine.text)
            result(status == 0 and not died, "ivc: the machine turned itself off and no service died",
                   problem or f"exit status {status}; the output ends with\n{machine.text[-3000:]}")


def alone():
    """A range for channels, and a system file without any."""
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        path = bare_system(directory, [("ivc_none", 1)])
        change(os.path.join(directory, "ivc_none.toml"), "emu_devices = []", DEVICE)
        with Machine(path) as machine:
            status = machine.off()
            report(machine.text, "ivc_none")
    require(status == 0, f"exit status {status}")


# Of a publication: nothing is done; the channel is made and has addresses; it is in the guest, which is not told.
POINTS = ("ivc_hypercall", "axvm_alloc_ivc_channel()", "axvm_write_to_guest_of")


def again():
    """A VM that resets itself, then loses its VMM again and again; and then the service dies."""
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        with Killer(system(directory, "ivc_again", "ivc_beside")) as machine:
            for point in POINTS:
                machine.wait(r"^\[vmm\.ivc_again\] up again$")
                machine.kill("vmm.ivc_again", Program("vmm"), point)
            machine.wait(r"^\[vmm\.ivc_again\] up once more$")
            machine.kill("ivc", Program("ivc"), "channels_notify")
            status = machine.off()
            text = machine.text
    for vm in ("ivc_again", "ivc_beside"):
        report(text, vm)
    require(status == 0, f"exit status {status}; the output ends with\n{text[-3000:]}")


together()
case("ivc: a VM without channels", alone)
case("ivc: a VM that starts again, and a service that does", again)
finish()
