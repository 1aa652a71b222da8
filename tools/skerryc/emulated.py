# SPDX-License-Identifier: BSD-2-Clause
"""devices.emu_devices of a VM file: which server or part of the VMM each entry becomes.

    0x0  Dummy             nothing
    0x1  the whole interrupt controller, laid out from base_gpa on as at its usual place
    0x2  Console           a pl011 on the console
    0xA  IVCChannel        addresses for channels between VMs
    0x20 GPPTRedistributor cfg [cpu_num, stride, pcpu_id]
    0x21 GPPTDistributor
    0x22 GPPTITS           cfg [host_gits_base]
    0xE1 VirtioBlk         cfg [first_sector, sectors] of the system's disk, or [sectors] of a disk in memory
    0xE2 VirtioNet         a virtio-net at the system's first switch; cfg [] or [address]
    0xE3 VirtioConsole     a virtio-console on the console
"""
from skerryc import devices

DUMMY, CONTROLLER, CONSOLE, IVC = 0x0, 0x1, 0x2, 0xa
REDISTRIBUTORS, DISTRIBUTOR, ITS, PLIC = 0x20, 0x21, 0x22, 0x30
VIRTIO_BLK, VIRTIO_NET, VIRTIO_CONSOLE = 0xe1, 0xe2, 0xe3
TYPES = {DUMMY: "Dummy", CONTROLLER: "InterruptController", CONSOLE: "Console", IVC: "IVCChannel",
         REDISTRIBUTORS: "GPPTRedistributor", DISTRIBUTOR: "GPPTDistributor", ITS: "GPPTITS", PLIC: "PPPTGlobal",
         VIRTIO_BLK: "VirtioBlk", VIRTIO_NET: "VirtioNet", VIRTIO_CONSOLE: "VirtioConsole"}
TYPES_LATER = {0x3: "FwCfg", 0x23: "X86IoApic", 0x24: "X86Pit", 0x25: "LoongArchPchPic"}
# Where the controller lies if no entry says so, and how far each part reaches.
BASES = {DISTRIBUTOR: 0x0800_0000, ITS: 0x0808_0000, REDISTRIBUTORS: 0x080a_0000}
DISTRIBUTOR_BYTES = 0x1_0000
CPU = -1  # of a GICv2, which no emu_type names
BASES_GICV2 = {DISTRIBUTOR: 0x0800_0000, CPU: 0x0801_0000}
CPU_BYTES = 0x2000
ITS_BYTES = 0x2_0000
STRIDE = 0x2_0000  # of the redistributor of each vCPU
NAMES = {CPU: "interface", DISTRIBUTOR: "distributor", ITS: "translation service", REDISTRIBUTORS: "redistributors"}
SERVED = {CONSOLE: ("pl011", "arm,pl011"), VIRTIO_BLK: ("virtio-blk", "virtio,mmio"),
          VIRTIO_NET: ("virtio-net", "virtio,mmio"), VIRTIO_CONSOLE: ("virtio-console", "virtio,mmio")}
CFG = {REDISTRIBUTORS: ("cpu_num", "stride", "pcpu_id"), ITS: ("host_gits_base",)}
PAGE = 4096
NAME_BYTES = 10  # of a device that names a service


class Row:
    """An entry of emu_devices, as a table of a file: where messages point."""

    def __init__(self, vm, i, name):
        self.vm = vm
        self.path = ("devices", "emu_devices", i)
        self.name = name

    def error(self, _, text):
        return self.vm.error(self.path, f"{self.name}: {text}")

    def where(self, _=None):
        return self.vm.where(self.path)


def sizes(vm):
    return {DISTRIBUTOR: DISTRIBUTOR_BYTES, CPU: CPU_BYTES, ITS: ITS_BYTES, REDISTRIBUTORS: STRIDE * vm.cpu_num}


def bases(vm):
    """Each part of the interrupt controller that the VM has, by its type."""
    kinds = {device[4]: device[1] for device in vm.emu_devices}
    usual = BASES_GICV2 if vm.gic == 2 else BASES
    if CONTROLLER in kinds:
        return {kind: kinds[CONTROLLER] + base - BASES[DISTRIBUTOR] for kind, base in usual.items()}
    return {kind: kinds.get(kind, base) for kind, base in usual.items() if kind != ITS or kind in kinds}


def ranges(vm):
    """(name, base, bytes) of the interrupt controller's parts and of windows for channels."""
    for kind, base in bases(vm).items():
        yield f"the guest's interrupt {NAMES[kind]}", base, sizes(vm)[kind]
    for name, base, length, _, kind, _ in vm.emu_devices:
        if kind == IVC:
            yield f"the channels' addresses {name}", base, length


def check_gic(vm, board):
    """A VM's interrupt controller is the machine's: the hardware has a part of it."""
    if vm.gic not in (None, board.gic):
        raise vm.error(("skerry", "gic"), f"is {vm.gic}, and {board.name} has a GICv{board.gic}; remove it, or take another board")
    vm.gic = board.gic


def check(vm, system):
    seen = {}
    check_gic(vm, system.board)
    for i, (name, base, length, irq, kind, cfg) in enumerate(vm.emu_devices):
        row = Row(vm, i, name)
        if kind == PLIC:
            raise row.error(None, "emu_type 0x30 (PPPTGlobal) is riscv64's interrupt controller, and this board is of aarch64; "
                            f"remove it: the VM has a GICv{vm.gic}")
        if vm.gic == 2 and kind in (REDISTRIBUTORS, ITS):
            raise row.error(None, f"emu_type 0x{kind:x} ({TYPES[kind]}) is a part of a GICv3, and {system.board.name} has a GICv2; "
                            "remove it")
        if kind in SERVED:
            vm.devices.append(served(vm, system, row, i))
        elif kind != DUMMY:
            check_part(vm, row, kind, base, length, cfg)
            check_once(row, kind, seen)


def check_once(row, kind, seen):
    if kind in seen:
        raise row.error(None, f"there is another device of emu_type 0x{kind:x}; remove one")
    seen[kind] = row
    parts = [other for other in seen if other in BASES]
    if CONTROLLER in seen and parts:
        raise row.error(None, f"emu_type 0x1 is the whole interrupt controller, and emu_type 0x{parts[0]:x} a part of it; "
                        "remove one")


def check_part(vm, row, kind, base, length, cfg):
    align = PAGE if kind == IVC else DISTRIBUTOR_BYTES
    if base % align:
        raise row.error(None, f"0x{base:x} is not a multiple of 0x{align:x}; align it")
    if kind == IVC and (length == 0 or length % PAGE):
        raise row.error(None, f"length 0x{length:x} must be a multiple of 0x{PAGE:x}; each channel takes whole pages")
    if kind in BASES and length < sizes(vm)[kind]:
        raise row.error(None, f"has 0x{length:x} bytes, and the VM's interrupt {NAMES[kind]} 0x{sizes(vm)[kind]:x}; enlarge it")
    names = CFG.get(kind, ())
    if len(cfg) < len(names):
        raise row.error(None, f"cfg has {len(cfg)} numbers; give [{', '.join(names)}]")
    if kind == REDISTRIBUTORS and tuple(cfg[:2]) != (vm.cpu_num, STRIDE):
        raise row.error(None, f"cfg says {cfg[0]} redistributors 0x{cfg[1]:x} apart; the VM has {vm.cpu_num}, 0x{STRIDE:x} apart")


def served(vm, system, row, i):
    """As a [[skerry.device]] would be."""
    name, base, length, irq, kind, cfg = vm.emu_devices[i]
    server, compatible = SERVED[kind]
    device = devices.Device(row, service_name(vm, name, i), compatible, base, PAGE, irq, server, "console")
    if base % PAGE:
        raise row.error(None, f"0x{base:x} is not a multiple of 0x{PAGE:x}; a page belongs to one server")
    if not 0 < length <= PAGE:
        raise row.error(None, f"length 0x{length:x} is not possible; give up to 0x{PAGE:x}")
    if not devices.IRQ_FIRST <= irq <= devices.IRQ_LAST:
        raise row.error(None, f"irq_id {irq} is out of range; give {devices.IRQ_FIRST} to {devices.IRQ_LAST}; SPI n is 32 + n")
    if kind == VIRTIO_BLK:
        disk(system, row, device, cfg)
    elif kind in (VIRTIO_NET, VIRTIO_CONSOLE):
        device.ram, device.queues = True, devices.PAIR
    if kind == VIRTIO_NET:
        card(system, row, device, cfg)
    for other in vm.devices:
        devices.check_pair(row, device, other)
    if len(vm.devices) == devices.MOST:
        raise row.error(None, f"is one device with a server too many; at most {devices.MOST} fit, remove some")
    return device


def disk(system, row, device, cfg):
    """Our meaning of cfg: axvisor gives it none."""
    if len(cfg) not in (1, 2) or not 0 < cfg[-1] <= devices.SECTORS_MOST:
        raise row.error(None, f"cfg {cfg} is no disk; give [first_sector, sectors] of the system's disk, or [sectors] for one in "
                        "memory; a sector has 512 bytes")
    device.ram, device.queues, device.sectors, device.backend = True, 1, cfg[-1], "memory"
    if len(cfg) == 2:
        driver = next((driver for driver in system.drivers if driver.sectors), None)
        if driver is None:
            raise row.error(None, "this system has no disk; give [sectors] for one in memory")
        device.backend, device.first_sector = driver.name, cfg[0]


def card(system, row, device, cfg):
    if not system.switches:
        raise row.error(None, "this system has no switch; add a [[switch]]")
    device.backend = system.switches[0].name
    if len(cfg) > 1 or any(not 0 < address < 1 << 48 or address >> 40 & 1 for address in cfg):
        raise row.error(None, f"cfg {cfg} is no Ethernet address of one device; give [0x0200_0000_0001], or [] for one that "
                        "follows from the VM's id")
    device.address = cfg[0] if cfg else 0


def service_name(vm, name, i):
    """Names of axvisor's are free text; a service's name is not."""
    free = all(name != other.name for other in vm.devices)
    if name and len(name) <= NAME_BYTES and free and all(c.isascii() and (c.isalnum() or c in "-_.") for c in name):
        return name
    return f"emu{i}"
