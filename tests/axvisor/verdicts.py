# SPDX-License-Identifier: BSD-2-Clause
"""axvisor's example files in this folder: what is said of each here, and what mends it until it boots.

A step is (what is refused: a text of the line that the message names, the message; what mends it: file, old, new).
After its steps a file is the same as NAME-mended.toml.
"""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
CORE = """board = "qemu-virt"

[[core]]
number = 0
"""
CONSOLE = """
[[driver]]
name = "uart"
image = "pl011-driver"
device = "uart"

[console]
driver = "uart"
"""
EMPTY = "kernel.memory_regions: is empty; give the VM memory: [[0x8000_0000, 0x1000_0000, 0x7, 0]]"
PASSED = "devices.passthrough_devices"
DMA = '\ndma = "unprotected"'


class Case:
    def __init__(self, name, system, steps):
        self.name = name
        self.system = system
        self.steps = steps

    def text(self, mended=False):
        with open(os.path.join(HERE, self.name + ("-mended" if mended and self.vm_steps() else "") + ".toml"), encoding="utf-8") as f:
            return f.read()

    def vm_steps(self):
        return [step for step in self.steps if step[2] == "vm"]

    def mended_system(self, path, more=""):
        """A system that boots the mended file."""
        text = self.system
        for _, _, which, old, new in self.steps:
            text = text.replace(old, new) if which == "system" else text
        return text.replace("FILE", path) + more


def system(more="", keys=""):
    return CORE + more + '\n[[vm]]\nfile = "FILE"' + keys + "\n"


CASES = [
    Case("linux-qemu-aarch64-gicv3-a", system(keys=DMA), [
        ("memory_regions", EMPTY, "vm", "    # [0x8000_0000", "    [0x8000_0000"),
        ('["low-devices2"', PASSED + "[1]: low-devices2: overlaps the kernel's IOMMU (0x9050000 to 0x906ffff), which no VM can have; "
         "leave it out", "vm", "0x0900_0000, 0x1000_0000, 0x1]", "0x0900_0000, 0x4_0000, 0x1]"),
        ('["pci", 0x80', PASSED + "[2]: pci (0x8000000000 to 0x800000ffff): qemu-virt has no device there; correct base_hpa, or "
         "remove it", "vm", '    ["pci", 0x80_0000_0000, 0x80_0000_0000, 0x1_0000, 0x1],\n', ""),
        ('["pci", 0x40', PASSED + "[2]: pci (0x4010000000 to 0x40100fffff): qemu-virt has no device there; correct base_hpa, or "
         "remove it", "vm", '    ["pci", 0x40_1000_0000, 0x40_1000_0000, 0x10_0000, 0x1],\n', ""),
    ]),
    Case("linux-qemu-aarch64-gicv3-b", system(CONSOLE, "\ncore = 0"), [
        ("memory_regions", EMPTY, "vm", "    # [0xc000_0000", "    [0xc000_0000"),
        ("[0xc000_0000, 0x", "kernel.memory_regions[0]: 0xc0000000 to 0xffffffff is not in the memory of qemu-virt (0x40000000 to "
         "0xbfffffff); move it, or give map_type 0 (MapAlloc)", "vm", "0x7, 1],", "0x7, 0],"),
        ('["uart"', PASSED + "[0]: uart (0x9100000 to 0x9100fff): qemu-virt has no device there; correct base_hpa, or remove it",
         "vm", '    ["uart", 0x0910_0000, 0x0910_0000, 0x1000, 0x1],\n]\nemu_devices = [\n',
         ']\nemu_devices = [\n    ["uart", 0x0910_0000, 0x1000, 33, 0x2, []],\n'),
    ]),
    Case("linux-a1000-aarch64-smp8", system(keys=DMA), [
        ("[0x8000_0000, 0x", "kernel.memory_regions[0]: 0x80000000 to 0xefffffff is not in the memory of qemu-virt (0x40000000 to "
         "0xbfffffff); move it, or give map_type 0 (MapAlloc)", "vm", "0x7000_0000", "0x2000_0000"),
        ('["most-devices"', PASSED + "[0]: most-devices: overlaps the kernel's interrupt distributor (0x8000000 to 0x800ffff), which no "
         "VM can have; leave it out", "vm", "0x0, 0x0, 0x8000_0000", "0x0900_0000, 0x0900_0000, 0x4_0000"),
    ]),
    Case("linux-aarch64-qemu-smp1", system(), [
        ("[[vm]]", "vm[0].dma: is missing: linux-qemu is given fw-cfg, which can write anywhere in memory, as there is no IOMMU; say "
         'that you accept it with dma = "unprotected"', "system", 'file = "FILE"', 'file = "FILE"' + DMA),
    ]),
]
