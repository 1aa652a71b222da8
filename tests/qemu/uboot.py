#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""U-Boot as a guest: its prompt, its disk, reset and poweroff."""
import os
import random
import re
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import Machine  # noqa: E402
from results import case, finish, require  # noqa: E402

MIB = 1 << 20
SECTOR = 512
DISK_BYTES = 64 * MIB
VM_BYTES = 32 * MIB         # of it, from its start: the VM's range
COUNT = 0x800               # sectors of one transfer
AT = 0x100                  # sector read
TO = VM_BYTES // SECTOR - COUNT  # sector written: the transfer ends with the range
BUFFER = 0x41000000


def prompt(machine):
    """Stops the countdown; then the prompt is there."""
    machine.wait(r"^Hit any key to stop autoboot")
    machine.type("\n")
    machine.wait(r"^=> ")


def command(machine, text):
    """A command's output."""
    machine.type(text + "\n")
    begin = machine.wait(rf"{re.escape(text)}\n").end()
    end = machine.wait(r"^=> ").start()
    return machine.text[begin:end]


def commands(disk):
    data = bytearray(random.Random(2).randbytes(DISK_BYTES))
    with open(disk, "wb") as f:
        f.write(data)
    with Machine("uboot", disk) as machine:
        prompt(machine)
        require("start    = 0x0000000040000000\n-> size     = 0x0000000008000000" in command(machine, "bdinfo"),
                "U-Boot has other memory")
        command(machine, "virtio scan")
        require(f"Capacity: 32.0 MB = 0.0 GB ({VM_BYTES // SECTOR} x 512)" in command(machine, "virtio info"),
                "U-Boot sees another disk")
        require("OK" in command(machine, f"virtio read {BUFFER:x} {AT:x} {COUNT:x}"), "the disk cannot be read")
        block = bytes(data[AT * SECTOR:(AT + COUNT) * SECTOR])
        require(f"==> {zlib.crc32(block):08x}" in command(machine, f"crc32 {BUFFER:x} {COUNT * SECTOR:x}"),
                "U-Boot read something else than what is on the disk")
        require("OK" in command(machine, f"virtio write {BUFFER:x} {TO:x} {COUNT:x}"), "the disk cannot be written")
        require("ERROR" in command(machine, f"virtio read {BUFFER:x} {TO + 1:x} {COUNT:x}"),
                "a read past the end of the disk succeeds")
        machine.type("reset\n")
        prompt(machine)
        machine.type("poweroff\n")
        status = machine.off()
    require(status == 0, f"the exit status is {status}")
    data[TO * SECTOR:(TO + COUNT) * SECTOR] = block
    with open(disk, "rb") as f:
        require(f.read() == data, "the host's disk is not what U-Boot wrote")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        case("uboot: reaches its prompt, reads and writes its disk, resets, powers off", commands,
             os.path.join(directory, "disk.img"))
    finish()


main()
