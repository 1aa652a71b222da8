#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux with memory that is mapped when it is touched; with the machine's own clock; and with a disk of the machine, which
writes to the guest's memory by itself."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "qemu", "lib"))

from machine import ROOT, SYSTEM, Machine  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, expect_md5, numbers, power_off  # noqa: E402

DAY = "2001-02-03T04:05:06"
SECONDS = 981173106  # of it, since 1970
HOUR = 3600
CLOCK = 'passthrough_devices = [["/pl031@9010000"]]'
DISK = 'backend = "disk"        # a driver of the system file, or "memory"\nfirst_sector = 0\n'


SLOTS = 'passthrough_devices = [["/pl031@9010000"], ["slots", 0x0a00_1000, 0x0a00_1000, 0x1000, 0]]'
MIB = 1 << 20
PLACE = 20 * MIB  # of the disk, behind the file system


def system(directory, changes, words=""):
    """A system with one Linux guest, in whose VM file something is replaced."""
    with open(os.path.join(ROOT, "configs/vms/linux.toml"), encoding="utf-8") as f:
        text = f.read()
    for old, new in changes:
        require(text.count(old) == 1, f"{old} is not in the VM file")
        text = text.replace(old, new)
    for name, part in (("vm.toml", text), ("system.toml", SYSTEM + f'\n[[vm]]\nfile = "{directory}/vm.toml"\n{words}')):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
            f.write(part)
    return os.path.join(directory, "system.toml")


def demand(directory):
    """Most of it is never touched; the disk, whose server has all of it, reads and writes what the guest just got."""
    path = system(directory, [(DISK, 'backend = "memory"\n'), ("passthrough_devices = []", CLOCK), ("[[skerry.device]]\nname = \"uart0\"",
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


def alarm(machine):
    """The clock's interrupt, as often as it is asked for."""
    count = "$(grep rtc-pl031 /proc/interrupts | awk '{print $2}')"
    before = int(done(machine, f"echo {count}"))
    for i in range(1, 3):
        done(machine, "echo 0 >/sys/class/rtc/rtc0/wakealarm; echo +1 >/sys/class/rtc/rtc0/wakealarm")
        done(machine, f"while [ {count} -lt {before + i} ]; do :; done")
    require(int(done(machine, f"echo {count}")) >= before + 2, "the alarm's interrupts did not come")


def disk(directory):
    """A file system on it, mounted twice; the place behind it, as the host's file has it; a new VM with the same devices."""
    image = os.path.join(directory, "guest.img")
    with open(image, "wb") as f:
        f.truncate(32 * MIB)
    text = numbers(60000)
    with open(os.path.join(ROOT, "configs/vms/linux.toml"), encoding="utf-8") as f:
        served = "[[skerry.device]]\nname = \"disk0\"" + f.read().partition("[[skerry.device]]\nname = \"disk0\"")[2]
    path = system(directory, [(served, ""), ("passthrough_devices = []", SLOTS), ('"emu"', '"passthrough"'),
                              ("0x1000_0000, 0x7, 0]", "0x1000_0000, 0x7, 1]")], 'dma = "unprotected"\n')
    with Machine(path, change=lambda args: args + ["-drive", f"file={image},if=none,format=raw,id=g", "-device",
                                                   "virtio-blk-device,drive=g,bus=virtio-mmio-bus.9"]) as machine:
        booted(machine)
        require(done(machine, "blockdev --getsize64 /dev/vda") == f"{32 * MIB}\n", "the disk has another size")
        done(machine, "mke2fs /dev/vda 16384 >/dev/null && mount -t ext2 /dev/vda /mnt && seq 60000 >/mnt/p && umount /mnt")
        done(machine, "echo 3 >/proc/sys/vm/drop_caches; mount -t ext2 /dev/vda /mnt")
        expect_md5(machine, "cat /mnt/p", text)
        done(machine, f"umount /mnt; seq 60000 | dd of=/dev/vda bs=4096 seek={PLACE // 4096} conv=fsync 2>/tmp/e")
        alarm(machine)
        machine.type("reboot\n")
        booted(machine)
        done(machine, "mount -t ext2 /dev/vda /mnt")
        expect_md5(machine, "cat /mnt/p", text)
        alarm(machine)
        power_off(machine)
    with open(image, "rb") as f:
        f.seek(PLACE)
        require(f.read(len(text)) == text, "the host's file is not what the guest wrote")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        case("linux: memory on demand, and the machine's clock", demand, directory)
        case("linux: a disk of the machine by DMA, and the clock's alarm", disk, directory)
    finish()


main()
