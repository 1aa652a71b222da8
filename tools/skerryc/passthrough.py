# SPDX-License-Identifier: BSD-2-Clause
"""What of the board is given to a VM: passthrough_devices and passthrough_addresses, whole pages and no one else's.

resolve() turns the entries of a VM file into vm.passthrough, a list of Range. Interrupts are those that the board's
devices in a range have: irq_id of an entry means nothing, as in axvisor.
"""
from dataclasses import dataclass, field

from skerryc import board as boards

PAGE = 4096
DEVICES = ("devices", "passthrough_devices")
ADDRESSES = ("devices", "passthrough_addresses")
EXCLUDED = ("devices", "excluded_devices")


@dataclass
class Passed:
    """A device of the board, and where its registers are in the VM."""
    device: object  # of the board
    base_gpa: int


@dataclass
class Range:
    """Whole pages."""
    name: str
    base_gpa: int
    base_hpa: int
    length: int
    path: tuple  # of its entry, for messages
    devices: list = field(default_factory=list)  # Passed: those that lie in the entry's own range
    exposed: list = field(default_factory=list)  # of the board: all that the VM can reach in these pages

    @property
    def dma(self):
        """The first device that can write anywhere in memory, or None."""
        return next((device for device in self.exposed if device.dma), None)

    @property
    def end(self):
        return self.base_gpa + self.length


def overlaps(base, size, start, length):
    return base < start + length and start < base + size


def show(name, base, size):
    return f"{name} (0x{base:x} to 0x{base + size - 1:x})"


def resolve(vm, system):
    """system: its board, its drivers and the VMs before this one."""
    paths = Paths(vm, system)
    for i, (name, gpa, hpa, length, _) in enumerate(vm.passthrough_devices):
        path = DEVICES + (i,)
        if name.startswith("/") and length == 0:
            paths.add(path, name)
        else:
            add(vm, system, Entry(path, name, gpa, hpa, length))
    for i, (gpa, length) in enumerate(vm.passthrough_addresses):
        add(vm, system, Entry(ADDRESSES + (i,), f"address{i}", gpa, gpa, length))
    paths.finish()


@dataclass
class Entry:
    path: tuple
    name: str
    gpa: int
    hpa: int
    length: int


def add(vm, system, entry):
    """One range of addresses."""
    if entry.length == 0:
        raise vm.error(entry.path, f"{entry.name}: has length 0; give its bytes")
    if (entry.gpa - entry.hpa) % PAGE:
        raise vm.error(entry.path, f"{entry.name}: 0x{entry.gpa:x} and 0x{entry.hpa:x} are at different places of a page; make "
                       f"them differ by a multiple of 0x{PAGE:x}")
    base, size = boards.pages(entry.hpa, entry.length)
    what = belongs(vm, system, base, size)
    if what:
        raise vm.error(entry.path, f"{entry.name}: overlaps {what}")
    found = Range(entry.name, entry.gpa & -PAGE, base, size, entry.path)
    found.exposed = exposed(system.board, base, size)
    if not found.exposed:
        raise vm.error(entry.path, f"{show(entry.name, entry.hpa, entry.length)}: {system.board.name} has no device there; "
                       "correct base_hpa, or remove it")
    found.devices = [Passed(d, entry.gpa - entry.hpa + d.base) for d in found.exposed
                     if entry.hpa <= d.base and d.base + d.size <= entry.hpa + entry.length]
    keep(vm, found)


def exposed(board, base, size):
    return [device for device in board.devices.values() if overlaps(base, size, device.base, device.size)]


def keep(vm, found):
    for device in found.exposed:
        i = excluded(vm, device)
        if i is not None:
            raise vm.error(found.path, f"{found.name}: {device.path} is in these pages, and excluded_devices[{i}] excludes it; "
                           "shorten this, or remove that")
    for other in vm.passthrough:
        for base, key in ((found.base_gpa, "base_gpa"), (found.base_hpa, "base_hpa")):
            start = getattr(other, key)
            if overlaps(base, found.length, start, other.length):
                raise vm.error(found.path, f"{show(found.name, base, found.length)} overlaps "
                               f"{show(other.name, start, other.length)} at {vm.where(other.path)}; join them, or move one")
    vm.passthrough.append(found)


def belongs(vm, system, base, size):
    """Whose these pages of the machine are, if not a VM's to have."""
    board = system.board
    part = board.kernel_part(base, size)
    if part:
        return f"the kernel's {part}, which no VM can have; leave it out"
    for start, length in board.ram:
        if overlaps(base, size, start, length):
            return f"{show('the memory of the cores', start, length)}; list memory in kernel.memory_regions"
    for driver in system.drivers:
        device = driver.device
        if overlaps(base, size, *device.page):
            return f"{show(device.name, device.base, device.size)} of the driver {driver.name}; leave it out, or remove the driver"
    for other in system.vms:
        for taken in other.vm.passthrough:
            if other.vm is not vm and overlaps(base, size, taken.base_hpa, taken.length):
                return f"{show(taken.name, taken.base_hpa, taken.length)} of the VM {other.vm.name}; give it to one of them"
    return None


def below(path, top):
    """Whether a node is `top` or below it."""
    return top == "/" or path == top or path.startswith(top + "/")


def excluded(vm, device):
    """The entry of excluded_devices that has this device, or None."""
    return next((i for i, (path,) in enumerate(vm.excluded_devices) if device.path and below(device.path, path)), None)


class Paths:
    """Entries by path of the machine's device tree. Devices in adjacent pages become one range."""

    def __init__(self, vm, system):
        self.vm = vm
        self.system = system
        self.board = system.board
        self.chosen = {}  # name of the device -> (device, path of the entry)
        for i, (path,) in enumerate(vm.excluded_devices):
            self.check(EXCLUDED + (i,), path)

    def nodes(self):
        return [d.path for d in self.board.devices.values() if d.path] + list(self.board.kernel_paths) + self.board.nodes

    def check(self, key, path):
        if not any(below(node, path) for node in self.nodes()):
            raise self.vm.error(key, f'"{path}" is no node of {self.board.name}; correct the path, or add it to '
                                f"configs/boards/{self.board.name}.toml")

    def add(self, key, path):
        self.check(key, path)
        devices = [d for d in self.board.devices.values() if d.path and below(d.path, path)]
        if path == "/":
            devices = [d for d in devices if not belongs(self.vm, self.system, *d.page)]
        elif not devices:
            part = next((name for node, name in self.board.kernel_paths.items() if below(node, path)), None)
            raise self.vm.error(key, f"{path} is the kernel's {part}, which no VM can have; leave it out" if part else
                                f"{path} is no device: each VM has its own; leave it out")
        for device in devices:
            what = belongs(self.vm, self.system, *device.page)
            if what:
                raise self.vm.error(key, f"{path}: overlaps {what}")
            if excluded(self.vm, device) is None:
                self.chosen.setdefault(device.name, (device, key))

    def finish(self):
        """Adjacent pages of one entry are one range."""
        found = []
        for device, key in sorted(self.chosen.values(), key=lambda pair: pair[0].base):
            base, size = device.page
            if found and found[-1].path == key and base <= found[-1].base_hpa + found[-1].length:
                found[-1].length = max(found[-1].length, base + size - found[-1].base_hpa)
            else:
                found.append(Range(device.path, base, base, size, key))
            found[-1].devices.append(Passed(device, device.base))
        for each in found:
            each.exposed = exposed(self.board, each.base_hpa, each.length)
            keep(self.vm, each)
