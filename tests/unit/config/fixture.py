# SPDX-License-Identifier: BSD-2-Clause
"""A small project in a temporary directory, and one edit of it per case."""
import os
import shutil

BOARD = """name = "board"
cpus = [0x0, 0x100]
nodes = ["/timer"]

[ram]
base = 0x4000_0000
size = 0x2000_0000

[[kernel]]
name = "interrupt distributor"
base = 0x0800_0000
size = 0x0001_0000
path = "/intc@8000000"

[[device]]
name = "uart"
base = 0x0900_0000
size = 0x1000
irq = 33
path = "/pl011@9000000"
compatible = ["arm,pl011", "arm,primecell"]

[[device]]
name = "rtc"
base = 0x0901_0000
size = 0x1000
irq = 34
path = "/pl031@9010000"
compatible = ["arm,pl031"]

[[device]]
name = "virtio"
count = 16
base = 0x0a00_0000
size = 0x200
irq = 48
trigger = "edge"
dma = true
path = "/virtio_mmio@a000000"
compatible = ["virtio,mmio"]
"""

SYSTEM = """board = "board"

[[core]]
number = 0
ram_mib = 256

[[core]]
number = 1

[[driver]]
name = "uart"
image = "pl011-driver"
device = "uart"

[[driver]]
name = "disk"
image = "virtio-blk-driver"
device = "virtio15"
sectors = 4096
dma = "unprotected"

[console]
driver = "uart"

[[vm]]
file = "a"
"""

VM = """[base]
id = 1
name = "a"
vm_type = 2
cpu_num = 1
phys_cpu_ids = [0]

[kernel]
entry_point = 0x8000_0000
kernel_path = "kernel.bin"
kernel_load_addr = 0x8000_0000
ramdisk_path = "ramdisk.gz"
cmdline = "quiet"
memory_regions = [
    [0x8000_0000, 0x0100_0000, 0x7, 0],
]

[devices]
emu_devices = []
passthrough_devices = []
interrupt_mode = "emu"

[[skerry.device]]
name = "uart0"
compatible = "arm,pl011"
base = 0x0900_0000
length = 0x1000
irq = 33
server = "pl011"

[[skerry.device]]
name = "disk0"
compatible = "virtio,mmio"
base = 0x0a00_0000
length = 0x1000
irq = 48
server = "virtio-blk"
backend = "disk"
first_sector = 1024
sectors = 2048
"""

TEXTS = {"board": ("configs/boards/board.toml", BOARD), "system": ("configs/systems/s.toml", SYSTEM),
         "vm": ("configs/vms/a.toml", VM)}
KERNEL_BYTES = 5000
KERNEL = bytes(16) + KERNEL_BYTES.to_bytes(8, "little") + bytes(32) + b"ARM\x64" + b"\x01" * (KERNEL_BYTES - 60)
# Linux's Image with a PE header of one section that reaches 160 bytes.
PE = b"PE\0\0" + bytes(2) + b"\x01\0" + bytes(12) + b"\0\0" + bytes(2) + bytes(16) + (32).to_bytes(4, "little") \
    + (128).to_bytes(4, "little") + bytes(16)
PE_IMAGE = b"MZ" + KERNEL[2:60] + (64).to_bytes(4, "little") + PE
RAMDISK_BYTES = 3000


class Project:
    def __init__(self, directory, idl):
        self.root = directory
        for name in ("boards", "systems", "vms"):
            os.makedirs(os.path.join(directory, "configs", name))
        shutil.copytree(idl, os.path.join(directory, "idl"))
        self.write("kernel.bin", KERNEL)
        self.write("flat.bin", b"\x01" * KERNEL_BYTES)
        self.write("cut.bin", PE_IMAGE.ljust(159, b"\x01"))
        self.write("ramdisk.gz", b"\x02" * RAMDISK_BYTES)
        self.write("packed.bin", b"\x1f\x8b" + b"\0" * 70)
        self.write("program.elf", b"\x7fELF" + b"\0" * 70)
        self.write("empty.bin", b"")
        # Linux's Image header: 8 MiB in memory, more than the file has.
        self.write("Image", bytes(16) + (8 << 20).to_bytes(8, "little") + bytes(32) + b"ARM\x64" + bytes(100))
        for path, text in TEXTS.values():
            self.write(path, text.encode())

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)

    def edit(self, changes):
        """changes: (file, old, new); an old of None appends. Returns the number of the line that a
        comment #HERE in a new text marks."""
        here = None
        texts = {}
        for which, old, new in changes:
            path, text = TEXTS[which]
            text = texts.get(path, text)
            if old is not None and text.count(old) != 1:
                raise ValueError(f"{which}: {old!r} is there {text.count(old)} times")
            texts[path] = text + new if old is None else text.replace(old, new)
        for path, text in texts.items():
            if "#HERE" in text:
                here = text[:text.index("#HERE")].count("\n") + 1
            self.write(path, text.encode())
        return here
