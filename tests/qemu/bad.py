#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: one line says what is wrong and what to do, and everything ends at once.

First what `make run` refuses, then what the machine itself finds when it boots.
"""
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import GUESTS, ROOT, SYSTEM, VM, Machine, make_run, option  # noqa: E402
from results import case, finish, require  # noqa: E402

IMAGE = os.path.join(ROOT, "build", "guest", "Image")
GUEST = os.path.join(GUESTS, "selftest.bin")


def write(directory, name, data):
    path = os.path.join(directory, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def first_half(path):
    with open(path, "rb") as f:
        return f.read(os.path.getsize(path) // 2)


def refused(environment, line):
    """`make run` ends with a status and one line."""
    with make_run(environment) as process:
        status = process.off()
    text = process.text.strip()
    require(status == 1, f"the exit status is {status}, after\n{text}")
    require(re.fullmatch(line, text), f"it says\n{text}\ninstead of\n{line}")


def system(directory, vm="", text=SYSTEM):
    """A system with one VM, and what a test changes in its files."""
    machine = VM.format(id=1, name="a", cpus=1, image=GUEST, backend="console")
    write(directory, "vm.toml", (vm or machine).encode())
    return write(directory, "bad.toml", (text + f'\n[[vm]]\nfile = "{directory}/vm.toml"\n').encode())


def refusals(directory):
    """(name, environment, line)"""
    vm = VM.format(id=1, name="a", cpus=1, image=GUEST, backend="console")
    large = vm.replace("0x100_0000", "0x8000_0000")
    small = os.path.join(directory, "small.img")
    write(directory, "small.img", bytes(1 << 20))
    yield "no such system", {"CONFIG": "nothing"}, r'there is no system "nothing"; CONFIG is one of [a-z0-9, -]*default[a-z0-9, -]*, or a path .*'
    yield "no such file of a system", {"CONFIG": "/nonexistent/a.toml"}, r'there is no system "/nonexistent/a\.toml"; .*'
    yield "no such kernel", {"KERNEL": "/nonexistent"}, "/nonexistent: does not exist; correct the name of the kernel"
    yield "no such initramfs", {"INITRD": "/nonexistent"}, "/nonexistent: does not exist; correct the name of the ramdisk"
    yield ("a kernel that is none", {"KERNEL": write(directory, "none", b"no kernel\n" * 100)},
           r'.*linux\.toml:\d+: kernel\.kernel_path: ".*/none" is no arm64 Image of Linux; give .*')
    yield ("a kernel cut short", {"KERNEL": write(directory, "cut", first_half(IMAGE))},
           r'.*linux\.toml:\d+: kernel\.kernel_path: ".*/cut" is cut short: it has \d+ bytes and \d+ by its header; copy it again')
    yield ("an empty kernel", {"KERNEL": write(directory, "empty", b"")},
           r'.*linux\.toml:\d+: kernel\.kernel_path: ".*/empty" is empty; build it again')
    yield ("a disk too small", {"DISK": small},
           r".*/small\.img: is smaller than the 64 MiB of this system's disk; enlarge it with truncate -s 64M, or give another DISK")
    yield ("a disk in no folder", {"DISK": "/nonexistent/disk.img"},
           r"/nonexistent/disk\.img: cannot be opened: No such file or directory; give another DISK")
    yield "a folder as disk", {"DISK": directory}, r".*: cannot be opened: Is a directory; give another DISK"
    yield "TOML that is none", {"CONFIG": system(directory, text=SYSTEM + "x = \n")}, r".*bad\.toml:\d+: .*"
    yield ("an unknown key", {"CONFIG": system(directory, text=SYSTEM.replace("when_off", "when_of"))},
           r".*bad\.toml:\d+: core\[0\]\.when_of: .*")
    yield ("memory that does not fit", {"CONFIG": system(directory, vm=large)},
           r".*bad\.toml:\d+: core\[0\]: core 0 needs \d+ MiB and has 2048 MiB \(largest: ram0\.a 2048 MiB, .*\); give it more, or its VMs less")


def stops(change, damage, name, line):
    """The machine says one line, or init two, and turns itself off."""
    machine = Machine(name, change=change)
    if damage:
        with open(machine.bundle, "rb") as f:
            data = damage(bytearray(f.read()))
        with open(machine.bundle, "wb") as f:
            f.write(data)
    with machine:
        status = machine.off()
    text = machine.text.strip()
    require(status == 0, f"the exit status is {status}, after\n{text}")
    require(re.fullmatch(line, text), f"it says\n{text}\ninstead of\n{line}")


def without(args, name):
    at = args.index(name)
    return args[:at] + args[at + 2:]


def changed_tree(args, directory, old, new):
    """QEMU with its own device tree, in which some bytes are others."""
    path = os.path.join(directory, "tree.dtb")
    subprocess.run(option(args, "-machine", f"virt,virtualization=on,gic-version=3,dumpdtb={path}"), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, "rb") as f:
        data = f.read()
    require(old in data and len(old) == len(new), f"QEMU's device tree has no {old}")
    # QEMU leaves 1 MiB of room in it, and makes what it reads twice as large: more than the boot protocol allows.
    strings, size = struct.unpack_from(">I", data, 12)[0], struct.unpack_from(">I", data, 32)[0]
    data = bytearray(data[:strings + size])
    struct.pack_into(">I", data, 4, len(data))
    write(directory, "tree.dtb", data.replace(old, new))
    return args + ["-dtb", path]


def file_at(data, name):
    """Where a file's data begins in the bundle: on the page behind its name."""
    return (re.search(rb"070701[0-9a-f]{104}" + re.escape(name) + b"\0", data).end() + 4095) & ~4095


def damaged(data, name, offset, new):
    at = file_at(data, name) + offset
    data[at:at + len(new)] = new
    return data


GICV2 = (r"skerry: this machine has a GICv2, this kernel is built for a GICv3: "
         r"start QEMU with -machine virt,gic-version=3,virtualization=on")
GICV3 = r"skerry: no GICv3 in the device tree: start QEMU with -machine virt,gic-version=3,virtualization=on"
ARCHIVE = r"skerry: the bundle \(the initrd\) is no whole cpio archive, newc format"
START = r"\ninit: core 0 does not start"


def boots(directory):
    """(name, change of QEMU's command line, damage to the bundle, system, output)"""
    def machine(value):
        return lambda args: option(args, "-machine", value)

    def memory(mib):
        return lambda args: option(args, "-m", str(mib))

    yield "GICv2", machine("virt,virtualization=on,gic-version=2"), None, "bare", GICV2
    yield "a device tree without GIC", lambda args: changed_tree(args, directory, b"arm,gic-v3", b"arm,gic-vX"), None, "bare", GICV3
    yield "EL1", machine("virt,gic-version=3"), None, "bare", r"skerry: EL2 is needed, this is EL1: start QEMU with -machine NAME,virtualization=on"
    yield ("no bundle", lambda args: without(args, "-initrd"), None, "bare",
           r"skerry: no bundle: give it to the boot loader as initrd \(QEMU: -initrd\)")
    yield ("too few cores", lambda args: option(args, "-smp", "2"), None, "selftest",
           r"skerry: plan: core 2 is cpu 2, but the machine has 2: start QEMU with more -smp")
    yield ("too little memory for the plan", memory(128), None, "selftest",
           r"skerry: not enough RAM: core \d lacks \d+ MiB of the 64 MiB the plan gives it")
    yield ("too little memory for a VM", memory(32), None, "bare",
           r"init: ram0\.bare: no 16384 KiB in one piece; \d+ KiB of this core's RAM are left, give it more" + START)
    yield ("hardly any memory", memory(12), None, "bare", r"(?:init|skerry): .*(?:RAM|room|piece).*(?:\n.*)*")
    yield "a bundle cut short in the first file", None, lambda data: data[:100], "bare", ARCHIVE
    yield ("a bundle cut short in the middle", None, lambda data: data[:file_at(data, b"vmm") + 4096], "bare",
           r"init: manifest\.0: service vmm\.bare: no file vmm in the bundle" + START)
    yield "a bundle of zeros", None, lambda data: bytes(len(data)), "bare", ARCHIVE
    yield "a plan of another version", None, lambda data: damaged(data, b"plan", 8, b"\x63"), "bare", "skerry: plan: made for another version of the kernel"
    yield "an init that is none", None, lambda data: damaged(data, b"init", 0, b"x"), "bare", "skerry: init: not a static ELF program for aarch64"
    yield ("a manifest that is none", None, lambda data: damaged(data, b"manifest.0", 0, b"\xff" * 16), "bare",
           r"init: manifest\.0: .*" + START)
    other = VM.format(id=1, name="a", cpus=1, image=GUEST, backend="memory").replace("arm,pl011", "ns16550a")
    yield ("a device that its server is not for", None, None, system(directory, vm=other),
           r"\[vmm\.a\] vmm a: device uart0: its server is for arm,pl011, not for ns16550a: change server or compatible\n"
           r"init: vmm\.a stopped its VM \(status 256\)")
    yield ("a program that is none", None, lambda data: damaged(data, b"vmm", 0, b"x"), "bare", r"init: vmm\.bare: .*" + START)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        for name, environment, line in refusals(directory):
            case(f"bad: {name}", refused, environment, line)
        for name, change, damage, what, line in boots(directory):
            case(f"bad: {name}", stops, change, damage, what, line)
    finish()


main()
