# SPDX-License-Identifier: BSD-2-Clause
"""configs/systems/NAME.toml: a board, its cores, drivers, console, services and VMs."""
import os
from dataclasses import dataclass, field

from skerryc import board, ivc, places, served, vmfile
from skerryc.source import ConfigError, Document, Table

MIB = 1 << 20
KIB = 1 << 10
CORES = 8  # PLAN_CORES
VMS = 63   # SPACE_VM numbers
BUDGET_LEAST_US = 10
LABEL = 11  # longest VM name that names services; others are vm<number> there
WHEN_OFF = {"system-off": 0, "core-off": 1, "nothing": 2}
RESTART = {"never": 0, "always": 1}
DMA = {"unprotected": True}
DRIVERS = {"arm,pl011": "pl011-driver", "cdns,uart-r1p12": "cadence-uart-driver", "virtio,mmio": "virtio-blk-driver"}


@dataclass
class Budget:
    priority: int
    budget_us: int
    period_us: int = 10000
    heap: int = 256 * KIB
    restart: int = 1


# A caller is below whom it calls, so that a server woken by a signal runs before its clients.
DEFAULTS = {
    "vmm": Budget(20, 5000, heap=1 * MIB),
    "device": Budget(30, 1000),
    "console": Budget(36, 3000),
    "driver": Budget(40, 5000),
    "switch": Budget(32, 3000),
    "service": Budget(25, 2000),
    "ivc": Budget(28, 1000),
}


@dataclass
class Core:
    table: object
    number: int
    ram: int  # bytes; 0: what the other cores leave
    when_off: int
    awaits: list


@dataclass
class Driver:
    table: object
    name: str
    image: str
    device: object
    core: int
    dma: bool
    sectors: int
    budget: Budget


@dataclass
class Console:
    table: object
    driver: str
    core: int
    budget: Budget


@dataclass
class Switch:
    table: object
    name: str
    core: int
    budget: Budget


@dataclass
class Extra:
    table: object
    name: str
    image: str
    core: int
    budget: Budget
    calls: list
    untyped: int
    schedule: int
    timer: bool
    power: bool


@dataclass
class PlacedVm:
    vm: object
    table: object  # of the system file
    number: int
    label: str
    core: int
    budget: Budget
    dma: bool = False
    files: dict = field(default_factory=dict)
    dtb_address: int = 0


@dataclass
class System:
    table: object
    board: object
    cores: list
    drivers: list
    console: object
    extras: list
    vms: list
    notes: list
    switches: list = field(default_factory=list)
    ivc: object = None


def load(path, root, overrides=None, only=None):
    """`overrides`: see override(). `only`: a VM file that is there in place of the system's VMs."""
    top = Document(path, root).table
    name = top.take("board", str, meaning="of configs/boards, or a path that ends in .toml")
    path = os.path.join(os.path.dirname(path), name) if name.endswith(".toml") else os.path.join(root, "configs", "boards", name + ".toml")
    if not os.path.isfile(path):
        raise top.error("board", f'"{name}" has no file {os.path.relpath(path, root)}; correct the name')
    machine = board.load(path, root)
    cores = read_cores(top, machine)
    drivers = [read_driver(table, machine, cores) for table in top.tables("driver")]
    system = System(top, machine, cores, drivers, read_console(top, cores, drivers), [], [], [])
    system.extras = [read_extra(table, cores) for table in top.tables("service")]
    system.switches = [read_switch(table, cores) for table in top.tables("switch")]
    tables = top.tables("vm")
    channels = top.table("ivc", required=False)
    top.done()
    if only:
        tables = [Table(Document(only, root), (), {"file": only})]
    check_drivers(drivers, machine)
    if len(tables) > VMS:
        raise top.error("vm", f"there are {len(tables)} VMs; at most {VMS} have numbers, remove some")
    for number, table in enumerate(tables, 1):
        system.vms.append(read_vm(system, table, number, root, overrides or {}, only is not None))
    if "ivc" in top:
        system.ivc = ivc.read(channels, read_budget(channels, "ivc"), system.vms)
    return system


def read_budget(table, kind):
    default = DEFAULTS[kind]
    budget = Budget(
        table.number("priority", 1, 49, default.priority),
        table.number("budget_us", 0, 1000000, default.budget_us),
        table.number("period_us", 100, 1000000, default.period_us),
        table.number("heap_kib", 16, 1 << 20, default.heap // KIB) * KIB,
    )
    restart = table.choice("restart", RESTART, "always")
    budget.restart = RESTART.get(restart, restart)
    if 0 < budget.budget_us < BUDGET_LEAST_US:
        raise table.error("budget_us", f"{budget.budget_us} is too little; give at least {BUDGET_LEAST_US}, or 0 for none")
    if budget.budget_us > budget.period_us:
        raise table.error("budget_us", f"{budget.budget_us} is larger than period_us {budget.period_us}; lower it")
    return budget


def read_cores(top, machine):
    cores = []
    for table in top.tables("core"):
        number = table.number("number", 0, CORES - 1)
        ram = table.number("ram_mib", 0, machine.ram_size // MIB, 0) * MIB
        if number >= len(machine.cpus):
            raise table.error("number", f"{number} is not a core of {machine.name}, which has 0 to {len(machine.cpus) - 1}")
        if number != len(cores):
            raise table.error("number", f"is {number}; list the cores in order from 0 without gaps (here: {len(cores)})")
        if ram % (2 * MIB):
            raise table.error("ram_mib", f"{ram // MIB} is odd; give a multiple of 2")
        if not ram and any(not core.ram for core in cores):
            raise table.error("ram_mib" if "ram_mib" in table else None,
                              "takes what the others leave, as another core does already; give ram_mib")
        when_off = table.choice("when_off", WHEN_OFF, "system-off" if number == 0 else "core-off")
        cores.append(Core(table, number, ram, WHEN_OFF.get(when_off, when_off), table.array("await", int, [])))
        table.done()
    if not cores:
        raise top.error("core", "is missing; add a [[core]] with number = 0")
    if sum(core.ram for core in cores) >= machine.ram_size:
        raise cores[-1].table.error("ram_mib", f"the cores' memory is more than the {machine.ram_size // MIB} MiB of "
                                    f"{machine.name}; lower it")
    for core in cores:
        for i, other in enumerate(core.awaits):
            if other >= len(cores) or other == core.number:
                raise core.table.document.error(core.table.at("await", i), f"{other} is not another core of this system; "
                                                f"remove it")
    return cores


def read_core_of(table, cores):
    core = table.number("core", 0, CORES - 1, 0)
    if core >= len(cores):
        raise table.error("core", f"{core} is not in this system; add a [[core]] with that number, or give another")
    return core


def read_driver(table, machine, cores):
    name = table.name("name", 10)
    image = table.name("image", 24, None)
    device = table.take("device", str, meaning=f"a device of the board {machine.name}")
    if device not in machine.devices:
        if any(device == part for part, *_ in machine.kernel_parts) or device in ("gic", "its", "smmu", "iommu"):
            raise table.error("device", f'"{device}" belongs to the kernel; no driver can have it')
        raise table.error("device", f'"{device}" is not in configs/boards/{machine.name}.toml; correct the name')
    image = driver_of(table, image, machine.devices[device])
    dma = table.choice("dma", DMA, None) is True
    driver = Driver(table, name, image, machine.devices[device], read_core_of(table, cores), dma,
                    table.number("sectors", 1, 1 << 40, 0), read_budget(table, "driver"))
    table.done()
    if driver.core:
        raise table.error("core", f"is {driver.core}, but devices interrupt core 0 alone; remove this")
    if driver.device.dma and not dma:
        raise table.error("dma", f'is missing: without an IOMMU, {device} can write anywhere in memory; say that you accept '
                          'it with dma = "unprotected"')
    if dma and not driver.device.dma:
        raise table.error("dma", f"{device} cannot do DMA; remove this")
    return driver


def driver_of(table, image, device):
    """The program: by default, the one that knows the device by its node's `compatible`."""
    known = next((DRIVERS[text] for text in device.compatible if text in DRIVERS), None)
    if image is None and known is None:
        raise table.error("image", f"is missing: no driver here is for {device.name} ({', '.join(device.compatible) or 'not compatible'}); "
                          "name the program")
    if image in DRIVERS.values() and image != known:
        raise table.error("image", f"{image} is not for {device.name} ({', '.join(device.compatible)}); "
                          + (f"give {known}" if known else "give another"))
    return image or known


def check_drivers(drivers, machine):
    for i, driver in enumerate(drivers):
        base, size = driver.device.page
        for other in drivers[:i]:
            start, length = other.device.page
            if base < start + length and start < base + size:
                raise driver.table.error("device", f"{driver.device.name} is in the same page as {other.device.name} of the "
                                         f"driver {other.name}; one page belongs to one driver, remove one")


def read_console(top, cores, drivers):
    if "console" not in top:
        top.known.append("console")
        return None
    table = top.table("console")
    name = table.take("driver", str, meaning="the name of the [[driver]] of the UART")
    core, budget = read_core_of(table, cores), read_budget(table, "console")
    table.done()
    driver = next((driver for driver in drivers if driver.name == name), None)
    if driver is None:
        raise table.error("driver", f'"{name}" is not a [[driver]] of this file; correct the name or add it')
    if driver.core != core:
        raise table.error("core", f"is {core}, and the driver {name} is on core {driver.core}; give both the same core")
    return Console(table, name, core, budget)


def read_switch(table, cores):
    switch = Switch(table, table.name("name", 10), read_core_of(table, cores), read_budget(table, "switch"))
    table.done()
    return switch


def read_extra(table, cores):
    extra = Extra(table, table.name("name", 22), table.name("image", 24), read_core_of(table, cores),
                  read_budget(table, "service"), table.array("calls", str, []),
                  table.number("untyped_kib", 0, 1 << 20, 0) * KIB, table.number("schedule", 0, 49, 0),
                  table.take("timer", bool, False), table.take("power", bool, False))
    table.done()
    if extra.untyped & extra.untyped - 1 or 0 < extra.untyped < 4 * KIB:
        raise table.error("untyped_kib", f"{extra.untyped // KIB} cannot be; give a power of 2 from 4 on")
    return extra


def vm_path(table, root):
    name = table.take("file", str, meaning="of configs/vms, or a path that ends in .toml")
    if name.endswith(".toml"):
        path = os.path.join(os.path.dirname(table.document.path), name)
    else:
        path = os.path.join(root, "configs", "vms", name + ".toml")
    if not os.path.isfile(path):
        raise table.error("file", f'"{name}" has no file {os.path.relpath(path, root)}; correct the name')
    return path


def read_vm(system, table, number, root, overrides, alone=False):
    vm = vmfile.load(vm_path(table, root), root)
    vm.id = table.number("id", 0, 0xffffffff, vm.id)
    vm.name = table.name("name", 31, vm.name)
    guest, cmdline = table.take("guest", str, None), table.take("cmdline", str, None)
    core = read_core_of(table, system.cores) if "core" in table else place(system, vm)
    placed = PlacedVm(vm, table, number, vm.name if len(vm.name) <= LABEL else f"vm{number}", core,
                      read_budget(table, "vmm"))
    table.take("core", int, 0)
    placed.dma = table.choice("dma", DMA, None) is True
    table.done()
    check_unique(system, placed)
    if cmdline is not None:
        vm.kernel["cmdline"] = cmdline
    if guest is not None:
        vm.kernel["kernel_path"] = served.search(os.path.dirname(table.document.path), guest, root)
        if vm.kernel["kernel_path"] is None:
            raise table.error("guest", f'"{guest}" {served.NO_FILE}')
    if number == 1 or vm.vm_type == vmfile.VM_TYPE_LINUX:
        override(vm, overrides)
    served.check(vm, system)
    if alone and any(each.dma for each in vm.passthrough):
        placed.dma = True
        vm.note(("devices", "passthrough_devices"), 'a device can do DMA; its [[vm]] must say dma = "unprotected"')
    places.check_dma(placed)
    places.check_interrupts(placed)
    placed.files, placed.dtb_address = served.place_images(vm, root)
    system.notes += vm.notes
    return placed


def override(vm, overrides):
    """What the user gives on the command line, for the first VM and all Linux ones: paths of a
    kernel and a ramdisk, and words to append to the command line."""
    for key in ("kernel", "ramdisk"):
        if overrides.get(key):
            if not os.path.isfile(overrides[key]):
                raise ConfigError(f"{overrides[key]}: does not exist; correct the name of the {key}")
            slot = "bios" if key == "ramdisk" and vm.kernel["bios_path"] else key
            vm.kernel[slot + "_path"] = os.path.abspath(overrides[key])
    if overrides.get("append"):
        vm.kernel["cmdline"] = " ".join(filter(None, (vm.kernel["cmdline"], overrides["append"])))


def check_unique(system, placed):
    for other in system.vms:
        for key in ("id", "name"):
            if getattr(placed.vm, key) == getattr(other.vm, key):
                value = getattr(placed.vm, key)
                raise placed.table.error(key, f"{value} is also that of the VM at {other.table.where()}; give this one "
                                         f"another {key}")
        if placed.label == other.label:
            raise placed.table.error("name", f'"{placed.label}" names the services of two VMs; rename one')


def place(system, vm):
    """The first core that the VM file names; axvisor's default for vCPU 0 is physical CPU 0."""
    cpus = system.board.cpus
    if vm.phys_cpu_sets:
        key = ("base", "phys_cpu_sets")
        wanted = [bit for mask in vm.phys_cpu_sets for bit in range(mask.bit_length()) if mask >> bit & 1]
    elif vm.phys_cpu_ids:
        key = ("base", "phys_cpu_ids")
        wanted = [cpus.index(cpu) if cpu in cpus else None for cpu in vm.phys_cpu_ids]
    else:
        key = ("base", "cpu_num")
        wanted = list(range(vm.cpu_num))
    core = wanted[0]
    if core is None or core >= len(system.cores):
        raise vm.error(key, f"names a core that this system does not have; give one of "
                       + ", ".join(f"0x{cpu:x}" for cpu in cpus[:len(system.cores)]))
    if len(set(wanted)) > 1:
        vm.note(key, f"names {len(set(wanted))} cores; {vm.name} runs on core {core} alone, the first of them, with "
                f"{vm.cpu_num} vCPU{'s' if vm.cpu_num > 1 else ''}")
    return core
