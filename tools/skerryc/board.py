# SPDX-License-Identifier: BSD-2-Clause
"""configs/boards/NAME.toml: what a machine has, and what of it belongs to the kernel."""
import os
from dataclasses import dataclass, field

from skerryc.source import ConfigError, Document

PAGE = 4096
TRIGGERS = {"level": False, "edge": True}
COMPATIBLES = 4  # of a device, at most
DEVICES_END = 1 << 48  # boot code takes none that reaches beyond


def pages(base, size):
    """The whole pages in which a range lies: the first one, and how many bytes."""
    start = base & -PAGE
    return start, -(-(base + size - start) // PAGE) * PAGE


@dataclass
class Device:
    name: str
    base: int
    size: int
    irq: int  # 0: it has none
    edge: bool
    dma: bool
    path: str = None  # in the machine's own device tree
    compatible: list = field(default_factory=list)

    @property
    def page(self):
        return pages(self.base, self.size)

    @property
    def node(self):
        """The name of its node in a VM's tree, without the address."""
        return self.path.rpartition("/")[2].partition("@")[0] if self.path else self.name


@dataclass
class Board:
    name: str
    cpus: list  # hardware id of each core (aarch64: MPIDR affinity)
    ram: list  # (base, size) in order of address
    qemu: list  # of the command line: the machine and its CPU
    kernel_parts: list = field(default_factory=list)  # (name, base, size)
    devices: dict = field(default_factory=dict)
    reserved: list = field(default_factory=list)  # (name, base, size): memory of no core, kept as it is
    boot: list = field(default_factory=list)  # (name, base, size; 0: as large as the bundle): the loader's
    kernel_paths: dict = field(default_factory=dict)  # path in the machine's tree -> name of the part
    nodes: list = field(default_factory=list)  # paths of what is no device: a VM has its own
    gic: int = 3  # version of its interrupt controller, for which the kernel is built
    gicv: int = None  # of a GICv2: the page that a VM has as its CPU interface, each core's own
    tree: str = None  # file of the machine's device tree; None: the boot loader has one

    @property
    def ram_size(self):
        return sum(size for _, size in self.ram)

    @property
    def ram_ranges(self):
        return " and ".join(f"0x{base:x} to 0x{base + size - 1:x}" for base, size in self.ram)

    def boot_part(self, name):
        """Where the boot loader puts that: base, size."""
        for part, base, size in self.boot:
            if part == name:
                return base, size
        raise ConfigError(f'configs/boards/{self.name}.toml: has no [[boot]] "{name}"; add where the boot loader puts it')

    def in_ram(self, base, size):
        return any(start <= base <= base + size <= start + length for start, length in self.ram)

    def kernel_part(self, base, size):
        """What of the kernel's lies in this range, or None."""
        for name, start, length in self.kernel_parts:
            if base < start + length and start < base + size:
                return f"{name} (0x{start:x} to 0x{start + length - 1:x})"
        return None


def known_boards(root):
    return sorted(f[:-5] for f in os.listdir(os.path.join(root, "configs", "boards")) if f.endswith(".toml"))


def load(path, root):
    top = Document(path, root).table
    top.take("arch", str, "aarch64")
    board = Board(top.name("name", 31), top.array("cpus", int), read_ram(top), read_qemu(top))
    if not board.cpus or len(set(board.cpus)) != len(board.cpus):
        raise top.error("cpus", "must list each core's hardware id once; correct the list")
    board.nodes = top.array("nodes", str, [])
    add_gic(board, top)
    board.tree = top.take("tree", str, None)
    for table in top.tables("kernel"):
        board.kernel_parts.append((table.take("name", str), table.take("base", int), table.number("size", 1, 1 << 48)))
        part = table_path(table)
        if part:
            board.kernel_paths[part] = board.kernel_parts[-1][0]
        table.done()
    for table in top.tables("device"):
        add_devices(board, table)
    for table in top.tables("reserved"):
        add_reserved(board, table)
    for table in top.tables("boot"):
        board.boot.append((table.take("name", str), table.take("base", int), table.number("size", 1, 1 << 40, 0)))
        table.done()
    top.done()
    return board


def add_gic(board, top):
    board.gic = top.number("gic", 2, 3, 3)
    board.gicv = top.take("gicv", int, None)
    if (board.gic == 2) != (board.gicv is not None):
        raise top.error("gicv", "is the address of a GICv2's virtual CPU interface (GICV), which a board with gic = 2 has; "
                        + ("add it" if board.gic == 2 else "remove it"))
    if board.gicv is not None and board.gicv % PAGE:
        raise top.error("gicv", f"0x{board.gicv:x} is not a multiple of 0x{PAGE:x}; align it")


def read_ram(top):
    """[ram], or [[ram]] where there is a hole."""
    ram = []
    for table in top.tables("ram") if isinstance(top.data.get("ram"), list) else [top.table("ram")]:
        base, size = table.take("base", int), table.number("size", PAGE, 1 << 48)
        table.done()
        if ram and base < sum(ram[-1]):
            raise table.error("base", f"0x{base:x} is not behind the range before, which ends at 0x{sum(ram[-1]) - 1:x}; correct one")
        ram.append((base, size))
    return ram


def read_qemu(top):
    if "qemu" not in top:
        top.known.append("qemu")
        return []
    table = top.table("qemu")
    words = ["-machine", table.take("machine", str)]
    cpu = table.take("cpu", str, None)
    words += (["-cpu", cpu] if cpu else []) + table.array("args", str, ["-nic", "none"])
    table.done()
    return words


def add_reserved(board, table):
    name, base, size = table.name("name", 24), table.take("base", int), table.number("size", PAGE, 1 << 40)
    table.done()
    if base % PAGE or size % PAGE:
        raise table.error("base", f"0x{base:x} + 0x{size:x} is not on page boundaries; align both to 0x{PAGE:x}")
    if not board.in_ram(base, size):
        raise table.error("base", f"0x{base:x} to 0x{base + size - 1:x} is not in [ram]; a device is a [[device]]")
    for other, start, length in board.reserved:
        if base < start + length and start < base + size:
            raise table.error("base", f"overlaps {other} (0x{start:x} to 0x{start + length - 1:x}); move one")
    board.reserved.append((name, base, size))


def table_path(table):
    path = table.take("path", str, None)
    if path is not None and (not path.startswith("/") or path == "/" or path.endswith("/")):
        raise table.error("path", f'"{path}" is no path of a node; give one such as "/pl031@9010000"')
    return path


def add_devices(board, table):
    """One device, or `count` like ones `size` bytes and one interrupt apart, numbered from 0."""
    name = table.name("name", 24)
    base, size = table.take("base", int), table.number("size", 1, 1 << 40)
    irq = table.number("irq", 32, 1019, 0, meaning="the number of a shared interrupt, 32 and up")
    edge = table.choice("trigger", TRIGGERS, "level") is True
    dma = table.take("dma", bool, False)
    path, compatible = table_path(table), table.array("compatible", str, [])
    count = table.number("count", 1, 64, None)
    table.done()
    if len(compatible) > COMPATIBLES or not all(0 < len(text) < 32 for text in compatible):
        raise table.error("compatible", f"must be up to {COMPATIBLES} names of 1 to 31 characters; take those of the device's node")
    if base + size * (count or 1) > DEVICES_END:
        raise table.error("base", f"ends at 0x{base + size * (count or 1):x}; addresses have 48 bits at most, correct it, size or count")
    for i in range(count or 1):
        device = Device(name if count is None else f"{name}{i}", base + i * size, size, irq + i if irq else 0, edge, dma,
                        path_of(path, base + i * size, count), compatible)
        part = board.kernel_part(*device.page)
        if part:
            raise table.error("base", f"overlaps the kernel's {part}; give the device's own range")
        if device.name in board.devices:
            raise table.error("name", f'"{device.name}" is there twice; rename one')
        board.devices[device.name] = device


def path_of(path, base, count):
    """The path of a row is its first device's; the others have their own unit addresses."""
    return path if path is None or count is None else f"{path.rpartition('@')[0] or path}@{base:x}"
