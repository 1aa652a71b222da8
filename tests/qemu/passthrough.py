#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Devices of the machine that are a VM's: bare-metal guests with three harmless ones (tests/guests/passed.c), and with
a disk that writes to their memory (tests/guests/dma.c)."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import run_system  # noqa: E402
from machine import GUESTS, SYSTEM, VM  # noqa: E402
from results import finish, result  # noqa: E402

DEVICES = """passthrough_devices = [
    ["clock", 0x0901_0000, 0x0901_0000, 0x1000, 34],
    ["gpio", 0x0300_0000, 0x0903_0000, 0x1000, 0],
    ["flash", 0x2000_0000, 0, 0x0800_0000, 0x17],
]"""


# Slots are eight to a page; QEMU's own disk is in the last one, on another page.
SLOTS = """passthrough_devices = [["slots", 0x0a00_1000, 0x0a00_1000, 0x1000, 0]]"""
OWN = "memory_regions = [[0x8000_0000, 0x100_0000, 0x7, 1]]"


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def one(directory, name, changes, system=""):
    """A system with one bare-metal guest, in whose VM file something is replaced."""
    text = VM.format(id=1, name=name, cpus=1, image=os.path.join(GUESTS, name + ".bin"), backend="memory")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = write(directory, "vm.toml", text)
    return write(directory, "system.toml", SYSTEM + f'\n[[vm]]\nfile = "{path}"\n{system}')


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        system = one(directory, "passed", [("passthrough_devices = []", DEVICES), ('"emu"', '"passthrough"')])
        run_system(system, ["passed"], "passthrough")
        dma(directory)
    finish()


def dma(directory):
    """The disk's data lies where the guest's addresses say, in the machine's memory."""
    disk = os.path.join(directory, "guest.img")
    with open(disk, "wb") as f:
        f.write(bytes((i * 7 + 3) & 255 for i in range(512)).ljust(1 << 20, b"\0"))
    system = one(directory, "dma", [("passthrough_devices = []", SLOTS),
                                    ("memory_regions = [[0x8000_0000, 0x100_0000, 0x7, 0]]", OWN)], 'dma = "unprotected"\n')
    run_system(system, ["dma"], "dma", lambda args: args + [
        "-drive", f"file={disk},if=none,format=raw,id=g", "-device", "virtio-blk-device,drive=g,bus=virtio-mmio-bus.9"])
    with open(disk, "rb") as f:
        result(f.read(1024)[512:] == bytes((i * 5 + 1) & 255 for i in range(512)), "dma: the sector is in the host's file")


main()
