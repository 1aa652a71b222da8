#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""U-Boot as the machine's firmware, at EL2: it starts us with booti, by the script of `make image`, from a card."""
import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import ROOT, Process  # noqa: E402
import image  # noqa: E402
import run  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, power_off  # noqa: E402
from skerryc.board import load  # noqa: E402

UBOOT = os.path.join(ROOT, "build", "guest", "u-boot.bin")
BOARD = "qemu-virt"
CARD = "file=fat:{},if=none,format=raw,readonly=on,id=d"  # QEMU makes a FAT partition of the folder


def card(directory):
    """Linux with its disk in memory on core 0, and the self-test on the others: U-Boot's PSCI starts them."""
    with open(os.path.join(ROOT, "configs", "systems", "selftest.toml"), encoding="utf-8") as f:
        text = f.read()
    path = os.path.join(directory, "booti.toml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace('file = "bare"', 'file = "linux-memory"'))
    return image.make(BOARD, path, os.path.join(directory, "card"), {"append": "quiet"})


def machine(folder):
    board = load(os.path.join(ROOT, "configs", "boards", BOARD + ".toml"), ROOT)
    args = run.machine(board)
    return Process(args + ["-bios", UBOOT, "-drive", CARD.format(folder), "-device", "virtio-blk-device,drive=d"])


def boots(folder):
    with machine(folder) as vm:
        vm.wait(r"^Found U-Boot script /boot.scr$")
        vm.wait(r"^Starting kernel \.\.\.$")
        moved = re.search(r"^.*(Moving Image|Loading Ramdisk|Loading Device Tree) .*$", vm.text, re.MULTILINE)
        require(not moved, f"U-Boot moved what has its place: {moved and moved.group()}")
        booted(vm)
        for core in (1, 2, 3):
            require(f"init: core {core} finished its self-test and is off" in vm.text, f"core {core} did not test itself")
        require(done(vm, "uname -sm") == "Linux aarch64\n", "uname says something else")
        power_off(vm)


def other_file(folder):
    """A bundle of another make than the script is not started."""
    with open(os.path.join(folder, "bundle.cpio"), "ab") as f:
        f.write(bytes(4096))
    with machine(folder) as vm:
        vm.wait(r"^skerry: not booted: a file of the card is missing, or not of the same make image as boot.scr$")
        require("Starting kernel" not in vm.text, "U-Boot started it")


def no_file(folder):
    """And U-Boot's own verdict on the script of the other board."""
    os.remove(os.path.join(folder, "Image"))
    other = image.make("zcu102", "zcu102", os.path.join(folder, "zcu102"))
    for name in os.listdir(other):
        if name != "boot.scr":
            os.remove(os.path.join(other, name))
    with machine(folder) as vm:
        vm.wait(r"^Hit any key to stop autoboot")
        vm.type("\n")
        vm.wait("^=> ")
        vm.type("virtio scan; load virtio 0:1 0x42000000 zcu102/boot.scr; iminfo 0x42000000\n")
        vm.wait(r"^ +Image Name: +Skerry: zcu102\n")
        vm.wait(r"^ +Image Type: +AArch64 Linux Script \(uncompressed\)\n")
        vm.wait(r"^ +Verifying Checksum \.\.\. OK$")
        vm.type("boot\n")
        vm.wait(r"^skerry: not booted: ")


def main():
    if not shutil.which(run.QEMU):
        sys.exit(f"{run.QEMU} is not installed")
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        folder = card(directory)
        case("booti: U-Boot at EL2 starts all cores' kernels; Linux has its shell", boots, folder)
        case("booti: a bundle of another make is refused", other_file, folder)
        case("booti: a card without the kernel; the script of the ZCU102's card", no_file, folder)
    finish()


main()
