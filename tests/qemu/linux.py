#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux as `make run` boots it: its shell, its disk, how it ends, and what a user may change."""
import gzip
import os
import random
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import ROOT, Machine, make_run  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import BOOT_LIMIT, PROMPT, booted, done, expect_md5, numbers, power_off  # noqa: E402
from cpio import Archive  # noqa: E402

MIB = 1 << 20
DISK_BYTES = 64 * MIB
VM_BYTES = 32 * MIB  # of it, from its start: the VM's range
SECTOR = 512
PATTERN = numbers(60000)
PLACES = [1, 20000, VM_BYTES // SECTOR - -(-len(PATTERN) // SECTOR)]  # the last reaches the range's last sector
GUEST = os.path.join(ROOT, "build", "guest")
BUSYBOX = os.path.join(ROOT, "build", "deps", "guest", "bin", "busybox")


def new_disk(path):
    """A disk full of random bytes, so that every change shows."""
    data = random.Random(1).randbytes(DISK_BYTES)
    with open(path, "wb") as f:
        f.write(data)
    return bytearray(data)


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def interrupt(vm):
    """Ctrl-C ends what runs in the foreground. The inner shell is there when it says so; the outer one is not yet."""
    vm.type("sh -c 'echo run\"\"s; exec sleep 1000'; echo in''terrupted $?\n")
    vm.wait("^runs$")
    vm.type("\x03")
    vm.wait(PROMPT)
    require(done(vm, "echo alive") == "alive\n", "the shell does not go on after Ctrl-C")


def plain_boot(disk):
    """Commands run; the disk's data reaches the host's file; Ctrl-C; the cores' self-test."""
    expected = new_disk(disk)
    with make_run({"DISK": disk}) as vm:
        booted(vm)
        require("Booting Linux on physical CPU" in vm.text, "the guest's kernel did not show its boot")
        for core in (1, 2, 3):
            require(re.search(rf"^init: core {core} finished its self-test and is off$", vm.text, re.MULTILINE),
                    f"core {core} did not finish its self-test:\n{vm.text[:2000]}")
        require(done(vm, "uname -sm") == "Linux aarch64\n", "uname says something else")
        require(done(vm, "blockdev --getsize64 /dev/vda") == f"{VM_BYTES}\n", "the guest's disk has another size")
        expect_md5(vm, "cat /dev/vda", expected[:VM_BYTES])
        done(vm, "seq 60000 >/tmp/p")
        for place in PLACES:
            done(vm, f"dd if=/tmp/p of=/dev/vda bs={SECTOR} seek={place} conv=fsync 2>/tmp/e")
            expected[place * SECTOR:place * SECTOR + len(PATTERN)] = PATTERN
        done(vm, "sync")
        require(contents(disk) == expected, "after sync, the host's file is not what the guest wrote")
        interrupt(vm)
        power_off(vm)
    require(len(contents(disk)) == DISK_BYTES, "the host's file has another size")
    require(contents(disk)[VM_BYTES:] == expected[VM_BYTES:], "the file changed outside of the VM's range")
    require(contents(disk) == expected, "the host's file is not what the guest wrote")


def second_boot(disk):
    """What was written is there; APPEND; reboot makes a new VM in the same QEMU."""
    expected = contents(disk)[:VM_BYTES]
    with make_run({"DISK": disk, "APPEND": "quiet one.two=3"}) as vm:
        booted(vm)
        require("Booting Linux" not in vm.text, "the guest's kernel shows its boot, in spite of quiet")
        require(done(vm, "cat /proc/cmdline").strip() == "console=ttyAMA0 quiet one.two=3",
                "APPEND is not at the end of the guest's command line")
        expect_md5(vm, "cat /dev/vda", expected)
        done(vm, "touch /tmp/before")
        vm.type("reboot\n")
        booted(vm)
        require(done(vm, "ls /tmp") == "", "what was in memory before the reboot is still there")
        expect_md5(vm, "cat /dev/vda", expected)
        power_off(vm)
    require(contents(disk)[:VM_BYTES] == expected, "reading changed the disk")


OWN_INIT = b"""#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox echo "own init: $(/bin/busybox cat /proc/cmdline)"
/bin/busybox poweroff -f
"""


def own_files(directory):
    """A kernel, an initramfs and a disk of the user's own; a comma in a name is QEMU's, not ours."""
    kernel, initrd = os.path.join(directory, "my kernel"), os.path.join(directory, "my.cpio.gz")
    disk = os.path.join(directory, "my,new.img")
    shutil.copy(os.path.join(GUEST, "Image"), kernel)
    archive = Archive()
    for name in ("bin", "dev", "proc"):
        archive.directory(name)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", contents(BUSYBOX), 0o755)
    archive.file("init", OWN_INIT, 0o755)
    with open(initrd, "wb") as f:
        f.write(gzip.compress(archive.bytes(), 1))
    with make_run({"KERNEL": kernel, "INITRD": initrd, "DISK": disk, "APPEND": "quiet"}) as vm:
        vm.wait("^own init: console=ttyAMA0 quiet$", BOOT_LIMIT)
        status = vm.off()
    require(status == 0, f"the exit status is {status}")
    require(os.path.getsize(disk) == DISK_BYTES, "the disk that was not there has not been made")


def full_kernel():
    """Debian's kernel for real machines, with all that it probes at its boot."""
    files = {key: os.path.join(ROOT, "build", "guest-full", name)
             for key, name in (("kernel", "Image"), ("ramdisk", "initramfs.cpio.gz"))}
    with Machine("memory-disk", None, files) as vm:
        booted(vm)
        require(re.fullmatch(r"[\d.]+-\d+-arm64\n", done(vm, "uname -r")), "this is another kernel")
        data = numbers(100000)
        done(vm, "seq 100000 | dd of=/dev/vda bs=64k conv=fsync 2>/tmp/lost; echo 3 >/proc/sys/vm/drop_caches")
        expect_md5(vm, f"head -c {len(data)} /dev/vda", data)
        power_off(vm)


def from_pipe(disk):
    """echo poweroff | make run: typed at the prompt, echoed once; the first lines say what a user must know."""
    with make_run({"DISK": disk, "APPEND": "quiet"}) as vm:
        vm.type("echo a''b\npoweroff\n")
        vm.end_input()
        status = vm.off(BOOT_LIMIT)
    require(status == 0, f"the exit status is {status}")
    shown = os.path.relpath(disk, ROOT) if disk.startswith(ROOT) else disk
    require(vm.text.splitlines()[:3] == [
        "To quit: `poweroff` in the guest, or press Ctrl-A and then X. Ctrl-C goes to the guest.",
        "Ctrl-] and then h shows the keys of the console.",
        f"The guest's disk is in {shown} (/dev/vda in the guest); delete that file to reset it."],
        f"the first lines are others:\n{vm.text[:400]}")
    require(re.search(r"^skerry-guest: ready\n(?s:.*)^guest:/# echo a''b\nab\n", vm.text, re.MULTILINE)
            and vm.text.count("echo a''b") == 1, f"it was not echoed once, at the prompt:\n{vm.text}")


def on_terminal(disk):
    """On a terminal, as for a user: Ctrl-C goes to the guest, Ctrl-A X ends QEMU."""
    with make_run({"DISK": disk, "APPEND": "quiet"}, terminal=True) as vm:
        booted(vm)
        interrupt(vm)
        vm.type("\x01x")
        status = vm.off()
    require(status == 0, f"the exit status is {status}")
    require("QEMU: Terminated" in vm.text, f"Ctrl-A X did not end QEMU:\n{vm.text[-500:]}")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        disk = os.path.join(directory, "disk.img")
        case("linux: boots, runs commands, keeps its data on the host's disk, powers off", plain_boot, disk)
        case("linux: finds its data at the next boot; APPEND; reboot", second_boot, disk)
        case("linux: KERNEL, INITRD, DISK of the user's own", own_files, directory)
        case("linux: Debian's full kernel boots and has its disk", full_kernel)
        case("linux: standard input from a pipe", from_pipe, disk)
        case("linux: on a terminal, Ctrl-C and Ctrl-A X", on_terminal, disk)
    finish()


main()
