# SPDX-License-Identifier: BSD-2-Clause
"""[[skerry.device]] of a VM file: a device of the guest and the server behind it."""
import re
from dataclasses import dataclass

MOST = 16  # of a VM
PAGE = 4096
BLOCK = 2 << 20  # a window of the VMM is a page or a block
IRQ_FIRST = 32
IRQ_LAST = 255  # of the guest's interrupt controller
DOORBELL_QUEUES = 16
VIRTIO_QUEUE_NOTIFY = 0x50  # virtio 1.2, 4.2.2
PAIR = 2  # queues of a virtio console or network device
SECTOR = 512
SECTORS_MOST = 1 << 40


@dataclass
class Device:
    table: object
    name: str
    compatible: str
    base: int
    length: int
    irq: int
    server: str
    backend: str
    queues: int = 0
    doorbell_offset: int = VIRTIO_QUEUE_NOTIFY
    ram: bool = False
    first_sector: int = 0
    sectors: int = 0
    read_only: bool = False
    address: int = 0  # Ethernet's; 0: from the VM's id

    @property
    def key(self):
        return self.table.path


def read(vm, table):
    """A device, checked against those of the VM that were read before."""
    device = Device(
        table=table,
        name=table.name("name", 10),
        compatible=table.take("compatible", str, meaning='such as "arm,pl011" or "virtio,mmio"'),
        base=table.take("base", int),
        length=table.take("length", int),
        irq=table.number("irq", IRQ_FIRST, IRQ_LAST, meaning="a shared interrupt, 32 and up; SPI n is 32 + n"),
        server=table.name("server", 24, meaning="the device server's program"),
        backend=table.take("backend", str, None),
    )
    if not device.compatible or len(device.compatible) > 31:
        raise table.error("compatible", "must be 1 to 31 characters long; give the device tree's name of the device")
    if device.length == 0:
        raise table.error("length", "is 0; give the device's size in bytes")
    for key in ("base", "length"):
        value = getattr(device, key)
        if value % PAGE:
            raise table.error(key, f"0x{value:x} is not a multiple of 0x{PAGE:x}; a page belongs to one server")
    if device.length != PAGE and (device.length != BLOCK or device.base % BLOCK):
        raise table.error("length", f"0x{device.length:x} is not possible; give 0x{PAGE:x}, or 0x{BLOCK:x} with a base that is "
                          "a multiple of it")
    read_own_keys(device, table)
    table.done()
    for other in vm.devices:
        check_pair(table, device, other)
    if len(vm.devices) == MOST:
        raise table.error(None, f"is one device too many; at most {MOST} fit, remove some")
    return device


def read_own_keys(device, table):
    if device.server == "pl011":
        backend = table.choice("backend", {"console": "console", "memory": "memory"}, "console")
        device.backend = backend
    elif device.server == "virtio-blk":
        device.backend = device.backend or "memory"
        device.ram, device.queues = True, 1
        device.first_sector = table.take("first_sector", int, 0)
        device.sectors = table.number("sectors", 1, SECTORS_MOST, meaning="the disk's size in sectors of 512 bytes")
        device.read_only = table.take("read_only", bool, False)
        if device.backend == "memory" and device.first_sector:
            raise table.error("first_sector", "means nothing for a disk in memory; remove it")
    elif device.server == "virtio-console":
        device.backend = table.choice("backend", {"console": "console", "memory": "memory"}, "console")
        device.ram, device.queues = True, PAIR
    elif device.server == "virtio-net":
        device.backend = table.name("backend", 10, meaning="the name of a [[switch]] of the system file")
        device.ram, device.queues = True, PAIR
        device.address = read_address(table)
    else:
        device.ram = table.take("ram", bool, False)
        device.queues = table.number("queues", 0, DOORBELL_QUEUES, 0)
        device.doorbell_offset = table.number("doorbell_offset", 0, 0xffc, VIRTIO_QUEUE_NOTIFY)
        if device.backend is not None:
            raise table.error("backend", f'is not known for the server "{device.server}"; remove it')


def read_address(table):
    text = table.take("mac", str, None)
    if text is None:
        return 0
    if not re.fullmatch("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", text):
        raise table.error("mac", f'"{text}" is no Ethernet address; give one like "02:00:00:00:00:01"')
    address = int(text.replace(":", ""), 16)
    if address == 0 or address >> 40 & 1:
        raise table.error("mac", f'"{text}" is not the address of one device; give one whose first byte is even, such as '
                          '"02:00:00:00:00:01"')
    return address


def check_pair(table, device, other):
    if device.name == other.name:
        raise table.error("name", f'"{device.name}" is the name of another device at {other.table.where()}; rename one')
    if device.irq == other.irq:
        raise table.error("irq", f"{device.irq} is {other.name}'s at {other.table.where('irq')}; give another")
    if device.base < other.base + other.length and other.base < device.base + device.length:
        raise table.error("base", f"0x{device.base:x} to 0x{device.base + device.length - 1:x} overlaps {other.name} "
                          f"(0x{other.base:x} to 0x{other.base + other.length - 1:x}); move one")
