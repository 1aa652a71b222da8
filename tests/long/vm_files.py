#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""VM files in axvisor's words alone: Linux gets our servers for each emulated type, and boots from a generated file."""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "qemu", "lib"))

from machine import ROOT, SYSTEM, Machine  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, numbers, power_off  # noqa: E402

SECTOR = 512
DISK_DRIVER = """
[[driver]]
name = "disk"
image = "virtio-blk-driver"
device = "virtio31"
sectors = 131072
dma = "unprotected"
"""
# Until it has entropy, Linux takes a lock for the offset of each call's stack. With two vCPUs on one core, and QEMU, which
# does not trap WFE, one of them waits its whole turn for the lock that the other holds.
VM = """[base]
id = 1
name = "linux"
vm_type = 2
cpu_num = {cpus}

[kernel]
entry_point = 0x8000_0000
kernel_path = "build/guest/Image"
kernel_load_addr = 0x8000_0000
ramdisk_path = "build/guest/initramfs.cpio.gz"
cmdline = "console=ttyAMA0 randomize_kstack_offset=off"
memory_regions = [[0x8000_0000, 0x1000_0000, 0x7, 0]]

[devices]
emu_devices = [
    {devices}
]
passthrough_devices = []
interrupt_mode = "emu"
"""
PARTS = ['["gppt-gicd", 0x0800_0000, 0x1_0000, 0, 0x21, []]', '["gppt-gicr", 0x080c_0000, 0x2_0000, 0, 0x20, [1, 0x2_0000, 0]]',
         '["gppt-gits", 0x0808_0000, 0x2_0000, 0, 0x22, [0x0808_0000]]', '["Console", 0x0900_0000, 0x1000, 33, 0x2, []]',
         '["ivc", 0x0c00_0000, 0x10_0000, 0, 0xa, []]', '["VirtioBlk 0", 0x0a00_0000, 0x200, 48, 0xe1, [1024, 65536]]']
WHOLE = ['["gic", 0x1000_0000, 0x1_0000, 0, 0x1, []]', '["Console", 0x0900_0000, 0x1000, 33, 0x2, []]',
         '["blk", 0x0a00_0000, 0x200, 48, 0xe1, [4096]]', '["dummy", 0, 0, 0, 0x0, []]',
         '["net", 0x0a00_1000, 0x200, 49, 0xe2, [0x0200_0000_0007]]', '["hvc", 0x0a00_2000, 0x200, 50, 0xe3, []]']
SWITCH = '\n[[switch]]\nname = "lan"\n'


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def system(directory, vm, more=""):
    return write(directory, "system.toml", SYSTEM + more + f'\n[[vm]]\nfile = "{vm}"\n')


def memory_map(vm, *names):
    """Where Linux found what."""
    text = done(vm, "cat /proc/iomem")
    for name in names:
        require(name in text, f"{name} is not in /proc/iomem:\n{text}")


def disk_works(vm, sectors):
    require(done(vm, "blockdev --getsize64 /dev/vda") == f"{sectors * SECTOR}\n", "the disk has another size")
    done(vm, "seq 20000 | dd of=/dev/vda bs=512 seek=8 conv=fsync 2>/tmp/e; echo 3 >/proc/sys/vm/drop_caches")
    text = done(vm, "dd if=/dev/vda bs=512 skip=8 count=213 2>/tmp/e | head -n 20000 | tail -n 1")
    require(text == "20000\n", f"what was written reads as {text}")


def parts(directory):
    """The controller's parts, a console, a range for channels, and a range of the system's disk."""
    path = write(directory, "disk.img", "")
    os.truncate(path, 64 << 20)
    vm = write(directory, "vm.toml", VM.format(cpus=1, devices=",\n    ".join(PARTS)))
    with Machine(system(directory, vm, DISK_DRIVER), disk=path) as machine:
        booted(machine)
        memory_map(machine, "08000000-0800ffff : GICD", "080c0000-080dffff : GICR", "9000000.Console", "a000000.emu5")
        disk_works(machine, 65536)
        power_off(machine)
    with open(path, "rb") as f:
        data = f.read()
    at = (1024 + 8) * SECTOR
    require(data[at:at + 4096] == numbers(20000)[:4096] and not any(data[:at]), "the data is not where cfg puts the disk")


def whole(directory):
    """The controller as a whole, elsewhere; two vCPUs; a disk in memory, a network device, a second console."""
    vm = write(directory, "vm.toml", VM.format(cpus=2, devices=",\n    ".join(WHOLE)))
    with Machine(system(directory, vm, SWITCH)) as machine:
        booted(machine)
        memory_map(machine, "10000000-1000ffff : GICD", "100a0000-100dffff : GICR")
        require(done(machine, "nproc") == "2\n", "there are not two processors")
        disk_works(machine, 4096)
        require("02:00:00:00:00:07" in done(machine, "ip link show eth0"), "the network device has another address")
        done(machine, "echo by the other way >/dev/hvc0")
        machine.see(r"^\[hvc\.linux\] by the other way$")
        power_off(machine)


def generated(directory):
    """skerryc generate, with paths of Linux."""
    path = os.path.join(directory, "vm.toml")
    words = "-a aarch64 -i 1 -n linux -t linux -c 2 -e 0x8020_0000 -k build/guest/Image -l 0x8020_0000 " \
            "--ramdisk build/guest/initramfs.cpio.gz --image-location memory --cmdline"
    made = subprocess.run([sys.executable, "tools/skerryc", "generate", *words.split(), "console=ttyAMA0 quiet", "-O", path],
                           cwd=ROOT, stdout=subprocess.PIPE, check=True)
    require(b": right: VM linux with 2 vCPUs, 256 MiB" in made.stdout, f"it says {made.stdout}")
    with Machine(system(directory, path)) as machine:
        booted(machine)
        require(done(machine, "nproc; cat /proc/cmdline") == "2\nconsole=ttyAMA0 quiet\n", "it is another machine")
        power_off(machine)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        for name, test in (("emulated types 0x2, 0x20, 0x21, 0x22, 0xA, 0xE1", parts),
                           ("emulated types 0x0, 0x1, 0x2, 0xE1, 0xE2, 0xE3", whole), ("a generated file", generated)):
            if not sys.argv[1:] or test.__name__ in sys.argv[1:]:
                case(f"vm files: {name}", test, directory)
    finish()


main()
