# SPDX-License-Identifier: BSD-2-Clause
"""configs/boards/NAME.toml: what a machine has, and what of it belongs to the kernel."""
from dataclasses import dataclass, field

from skerryc.source import Document

PAGE = 4096
TRIGGERS = {"level": False, "edge": True}


@dataclass
class Device:
    name: str
    base: int
    size: int
    irq: int
    edge: bool
    dma: bool

    @property
    def page(self):
        """A driver gets whole pages: the first one, and how many bytes."""
        start = self.base & -PAGE
        return start, -(-(self.base + self.size - start) // PAGE) * PAGE


@dataclass
class Board:
    name: str
    cpus: list  # hardware id of each core (aarch64: MPIDR affinity)
    ram_base: int
    ram_size: int
    kernel_parts: list = field(default_factory=list)  # (name, base, size)
    devices: dict = field(default_factory=dict)

    def kernel_part(self, base, size):
        """What of the kernel's lies in this range, or None."""
        for name, start, length in self.kernel_parts:
            if base < start + length and start < base + size:
                return f"{name} (0x{start:x} to 0x{start + length - 1:x})"
        return None


def load(path, root):
    top = Document(path, root).table
    top.take("arch", str, "aarch64")
    ram = top.table("ram")
    board = Board(top.name("name", 31), top.array("cpus", int), ram.take("base", int), ram.take("size", int))
    ram.done()
    if not board.cpus or len(set(board.cpus)) != len(board.cpus):
        raise top.error("cpus", "must list each core's hardware id once; correct the list")
    for table in top.tables("kernel"):
        board.kernel_parts.append((table.take("name", str), table.take("base", int), table.number("size", 1, 1 << 48)))
        table.done()
    for table in top.tables("device"):
        add_devices(board, table)
    top.done()
    return board


def add_devices(board, table):
    """One device, or `count` like ones `size` bytes and one interrupt apart, numbered from 0."""
    name = table.name("name", 24)
    base, size = table.take("base", int), table.number("size", 1, 1 << 40)
    irq = table.number("irq", 32, 1019, meaning="the number of a shared interrupt, 32 and up")
    edge = table.choice("trigger", TRIGGERS, "level") is True
    dma = table.take("dma", bool, False)
    count = table.number("count", 1, 64, None)
    table.done()
    for i in range(count or 1):
        device = Device(name if count is None else f"{name}{i}", base + i * size, size, irq + i, edge, dma)
        part = board.kernel_part(*device.page)
        if part:
            raise table.error("base", f"overlaps the kernel's {part}; give the device's own range")
        if device.name in board.devices:
            raise table.error("name", f'"{device.name}" is there twice; rename one')
        board.devices[device.name] = device
