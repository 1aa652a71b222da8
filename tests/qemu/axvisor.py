#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""axvisor's example files boot, those that do not as they are with only that mended which tests/unit/config names.

Their guests have Debian's kernel, and in their initramfs a first process that says what it sees and turns them off.
"""
import gzip
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0:0] = [os.path.join(HERE, "lib"), os.path.join(os.path.dirname(HERE), "axvisor")]

import fdt  # noqa: E402
import verdicts  # noqa: E402
from cpio import Archive  # noqa: E402
from machine import ROOT, Machine  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import BOOT_LIMIT  # noqa: E402

RAMDISK = os.path.join(ROOT, "build", "guest", "initramfs.cpio.gz")
TREES = os.path.join(ROOT, "build", "axvisor")
# Words go through the kernel: it writes them to a UART that nobody else drives.
INIT = b"""#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
exec >/dev/kmsg
echo "sees: $(/bin/busybox nproc) cpus"
echo "sees: $(/bin/busybox head -n 1 /proc/meminfo)"
for device in /sys/bus/*/devices/9*; do
	echo "sees: device ${device##*/} $(/bin/busybox readlink $device/driver)"
done
echo "sees: clock $(/bin/busybox cat /sys/class/rtc/rtc0/date)"
echo "sees: all"
/bin/busybox poweroff -f
"""
CMDLINE = "console=ttyAMA0 rdinit=/sees printk.devkmsg=on"
SEEN = r"\] sees: "


def with_init(directory):
    archive = Archive()
    archive.file("sees", INIT, 0o755)
    path = os.path.join(directory, "ramdisk")
    with open(RAMDISK, "rb") as f, open(path, "wb") as to:
        to.write(f.read() + gzip.compress(archive.bytes(), 1))
    return path


def trees(directory, args):
    """The trees that the files name: QEMU's, without what the VMs do not have."""
    host = fdt.of_qemu(args, os.path.join(directory, "qemu.dtb"))
    os.makedirs(TREES, exist_ok=True)
    for name, change in (("linux-qemu_gicv3", first), ("linux-qemu_gicv3-b", second), ("linux-a1000", eight)):
        root = fdt.read(host)
        root.disable("virtio_mmio@", "pcie@")
        change(root)
        with open(os.path.join(TREES, name + ".dtb"), "wb") as f:
            f.write(fdt.write(root))


def without_its(root):
    root.child("intc@8000000").disable("its@")


def first(root):
    without_its(root)


def second(root):
    """Its redistributors and its UART are elsewhere."""
    without_its(root)
    root.disable("flash@", "pl011@", "pl031@", "pl061@", "fw-cfg@", "gpio-keys")
    root.child("intc@8000000").properties["reg"] = fdt.cells(0, 0x08000000, 0, 0x10000, 0, 0x080c0000, 0, 0x20000)


def eight(root):
    without_its(root)
    root.disable("flash@")
    cpus = root.child("cpus")
    cpus.children = [fdt.Node(f"cpu@{i:x}", dict(cpus.child("cpu@0").properties, reg=fdt.cells(i))) for i in range(0, 0x800, 0x100)]


class Guest:
    def __init__(self, directory, example, cpus, mib, devices):
        self.directory, self.example = directory, example
        self.cpus, self.mib, self.devices = cpus, mib, devices

    def system(self):
        name = self.example.name + ("-mended" if self.example.vm_steps() else "")
        path = os.path.join(self.directory, "system.toml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.example.mended_system(os.path.join(ROOT, "tests", "axvisor", name + ".toml"), f'cmdline = "{CMDLINE}"\n'))
        return path

    def boots(self):
        with Machine(self.system(), overrides={"ramdisk": os.path.join(self.directory, "ramdisk")}) as machine:
            machine.wait(SEEN + rf"{self.cpus} cpus$", BOOT_LIMIT)
            size = int(machine.wait(SEEN + r"MemTotal: +(\d+) kB$").group(1)) >> 10
            require(self.mib * 7 // 8 < size < self.mib, f"it has {size} MiB of memory, not nearly {self.mib}")
            for device in self.devices:
                machine.see(SEEN + rf"device {device}$")
            if self.devices is PASSED:
                machine.see(SEEN + r"clock 20\d\d-\d\d-\d\d$")
            machine.wait(SEEN + "all$")
            status = machine.off()
        require(status == 0, f"the exit status is {status}")
        require(re.search(r"init: .*(died|stopped)", machine.text) is None, f"a service ended:\n{machine.text[-1000:]}")


PASSED = [r"9000000\.\S+ \S+uart-pl011", r"9010000\.\S+ \S+rtc-pl031"]
SEES = {  # vCPUs, MiB, devices with their drivers
    "linux-qemu-aarch64-gicv3-a": (1, 1024, PASSED),
    "linux-qemu-aarch64-gicv3-b": (1, 1024, [r"9100000\.\S+ \S+uart-pl011"]),
    "linux-a1000-aarch64-smp8": (8, 512, PASSED),
    "linux-aarch64-qemu-smp1": (1, 256, PASSED),
}


def named(directory):
    """The machine's own tree tells of more than the VM has, and the log says of what; its guest does not start."""
    example = verdicts.CASES[1]
    path = os.path.join(directory, "vm.toml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(example.text(mended=True).replace("build/axvisor/linux-qemu_gicv3-b.dtb", os.path.join(directory, "qemu.dtb")))
    system = os.path.join(directory, "system.toml")
    with open(system, "w", encoding="utf-8") as f:
        f.write(example.mended_system(path))
    with Machine(system) as machine:
        machine.wait(r"vmm linux-qemu-b: device tree: /fw-cfg@9020000: 0x9020000 to 0x9020017 is no memory and no device of this VM$")
        machine.wait(r"init: vmm\.vm1 stopped its VM \(status 256\)$")
        machine.off()
    require("Linux version" not in machine.text, "the guest has started")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        with_init(directory)
        with Machine("bare") as machine:
            trees(directory, machine.args)
        for example in verdicts.CASES:
            if not sys.argv[1:] or any(word in example.name for word in sys.argv[1:]):
                how = "mended, " if example.vm_steps() else ""
                case(f"axvisor: {example.name}: {how}boots", Guest(directory, example, *SEES[example.name]).boots)
        if not sys.argv[1:] or "named" in sys.argv[1:]:
            case("axvisor: what a supplied tree tells of and the VM does not have is named", named, directory)
    finish()


main()
