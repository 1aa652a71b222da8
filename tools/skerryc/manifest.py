# SPDX-License-Identifier: BSD-2-Clause
"""A Manifest for each core, from a System. docs/config.md has the names and bits used here."""
import config_pb2 as pb
import services_pb2 as cfg

from skerryc import devices, ivc, network, places
from skerryc.system import DEFAULTS
from skerryc.vmfile import MAP_IDENTICAL, MAP_RESERVED

PAGE = 4096
BLOCK = 2 << 20
START_LOG = 0x0ff30000
READ, WRITE, EXECUTE, MANAGE, DMA = 1, 2, 4, 8, 16
CALL = RAISE = WRITE
UNTYPED = 4 << 20
TRANSFER = BLOCK
LEDGER = 16 << 10
TIMER_BIT, WIRE_BIT, LOG_BIT = 30, 31, 32
DEVICE_BIT = 1 << 0       # pl011: the console's signal
DRIVER_IRQ = 1 << 0
DRIVER_RING = 1 << 1
ANYBODY = 1 << 32         # badge of a [[service]] that calls: with none it could choose a VMM's, or a vCPU's
VMM_TIMER = 1 << 0        # MACHINE_SIGNAL_TIMER
CONSOLE = "console"
INIT = "init"


class Builder:
    """The manifest of one core as it grows."""

    def __init__(self, system, core):
        self.system = system
        self.core = core
        self.manifest = pb.Manifest(core=core.number, last_vm_off=core.when_off, await_cores=core.awaits)
        self.clients = []   # of the console
        self.logs = []
        self.disks = {}     # driver name -> clients
        self.has_console = system.console is not None and system.console.core == core.number
        self.network = None
        self.sources = {}   # service name -> where it comes from, for messages

    def memory(self, name, size, order=12, **keys):
        self.manifest.memories.add(name=name, size=size, order=order, **keys)
        return name

    def service(self, table, name, image, budget, group=0, **keys):
        if name == INIT:
            raise table.error("name", f'"{name}" is the name of what starts all others; give another')
        if name in self.sources:
            raise table.error("name", f'"{name}" is also the service at {self.sources[name].where()}; rename one')
        self.sources[name] = table
        service = self.manifest.services.add(
            name=name, image=image, priority=budget.priority, budget_us=budget.budget_us,
            period_us=budget.period_us, heap=budget.heap, restart=budget.restart)
        if group:
            service.group = group
        if keys.get("logs", self.has_console):
            self.log(service)
        return service

    def log(self, service):
        index = len(self.logs)
        ring = self.memory("log." + service.name, PAGE, survives=True)
        grant(service, "log", pb.GRANT_MEMORY, ring, rights=READ | WRITE, address=START_LOG)
        grant(service, "log", pb.GRANT_SIGNAL, CONSOLE, rights=RAISE, badge=1 << LOG_BIT + index)
        self.logs.append(cfg.ConsoleClient(name=service.name, prefix=f"[{service.name}] ", bit=LOG_BIT + index))

    def rings(self, service, suffix):
        """The pair of rings between the console and `service`."""
        for name in ("tx", "rx"):
            ring = self.memory(f"{name}.{suffix}", PAGE, survives=True)
            grant(service, name, pb.GRANT_MEMORY, ring, rights=READ | WRITE)


def grant(service, name, kind, obj=None, **keys):
    entry = service.grants.add(name=name, kind=kind, **keys)
    if obj is not None:
        entry.object = obj


def build(system):
    """The manifests, and which core has which VM's files: the bundle's business."""
    manifests = []
    for core in system.cores:
        builder = Builder(system, core)
        drivers = [driver for driver in system.drivers if driver.core == core.number]
        services = [add_driver(builder, driver) for driver in drivers]
        console = add_console(builder) if builder.has_console else None
        ivc.add(builder)
        builder.network = network.Network(builder, grant)
        for placed in system.vms:
            if placed.core == core.number:
                add_vm(builder, placed)
        for extra in system.extras:
            if extra.core == core.number:
                add_extra(builder, extra)
        for driver, service in zip(drivers, services):
            finish_driver(builder, driver, service)
        builder.network.finish()
        if console is not None:
            finish_console(builder, console)
        manifests.append(builder)
    return manifests


def add_driver(builder, driver):
    service = builder.service(driver.table, driver.name, driver.image, driver.budget)
    base, size = driver.device.page
    grant(service, "device", pb.GRANT_DEVICE, base=base, size=size, rights=READ | WRITE)
    irq = service.grants.add(name="irq", kind=pb.GRANT_IRQ, number=driver.device.irq, badge=DRIVER_IRQ)
    irq.edge = driver.device.edge
    builder.disks[driver.name] = []
    return service


def finish_driver(builder, driver, service):
    """The clients of a driver are known when the VMs have been added."""
    system, offset = builder.system, driver.device.base % PAGE
    if system.console is not None and system.console.driver == driver.name:
        builder.rings(service, driver.name)
        grant(service, "console", pb.GRANT_SIGNAL, CONSOLE, rights=RAISE, badge=1 << WIRE_BIT)
        service.config = cfg.UartDriverConfig(device_offset=offset).SerializeToString()
        return
    clients = builder.disks[driver.name]
    if not driver.dma:
        return
    pool = builder.memory("dma." + driver.name, BLOCK, 21, dma=True, survives=True)
    grant(service, "dma", pb.GRANT_MEMORY, pool, rights=READ | WRITE | DMA)
    for badge, client in enumerate(clients, 1):
        grant(service, f"transfer{badge}", pb.GRANT_MEMORY, "transfer." + client.name, rights=READ | WRITE | DMA)
    service.config = cfg.BlkDriverConfig(device_offset=offset, dma=driver.dma, clients=clients).SerializeToString()


def add_console(builder):
    console = builder.system.console
    service = builder.service(console.table, CONSOLE, CONSOLE, console.budget, logs=False)
    # init, which is no service of the manifest, writes "log.init".
    builder.memory("log.init", PAGE, survives=True)
    builder.logs.append(cfg.ConsoleClient(name="init", prefix="init: ", bit=LOG_BIT + len(builder.logs)))
    return service


def finish_console(builder, service):
    system = builder.system
    for i, client in enumerate(builder.clients):
        for name in ("tx", "rx"):
            grant(service, f"{name}{i}", pb.GRANT_MEMORY, f"{name}.{client.name}", rights=READ | WRITE)
        grant(service, f"client{i}", pb.GRANT_SIGNAL, client.name, rights=RAISE, badge=DEVICE_BIT)
    for i, log in enumerate(builder.logs):
        grant(service, f"log{i}", pb.GRANT_MEMORY, "log." + log.name, rights=READ | WRITE)
    if len(builder.clients) == 1:
        builder.clients[0].prefix = ""
    driver = system.console.driver
    for name in ("tx", "rx"):
        grant(service, "wire." + name, pb.GRANT_MEMORY, f"{name}.{driver}", rights=READ | WRITE)
    grant(service, "wire", pb.GRANT_SIGNAL, driver, rights=RAISE, badge=DRIVER_RING)
    grant(service, "timer", pb.GRANT_TIMER, badge=1 << TIMER_BIT)
    service.config = cfg.ConsoleConfig(clients=builder.clients, logs=builder.logs,
                                       wire_bit=WIRE_BIT).SerializeToString()


def add_vm(builder, placed):
    vm, label, group = placed.vm, placed.label, placed.number
    for i, (gpa, size, _, map_type) in enumerate(vm.memory_regions):
        order = 12 if gpa % BLOCK or size % BLOCK else 21
        if order == 12 and size > BLOCK:
            raise vm.error(vm.region(i), f"0x{gpa:x} + 0x{size:x} is larger than 2 MiB but not aligned to "
                           "it; align both to 0x200000")
        builder.memory(f"ram{i}.{label}", size, order, **place_of(gpa, map_type, group, placed.dma))
    for device in vm.devices:
        add_device(builder, placed, device)
    budget = placed.budget
    service = builder.service(placed.table, "vmm." + label, "vmm", budget, group)
    service.vm = True
    service.restart = pb.RESTART_GROUP if vm.restart == "always" and budget.restart else pb.RESTART_NEVER
    for i in by_address(vm):
        grant_ram(service, placed, i, READ | WRITE | EXECUTE | (DMA if placed.dma else 0))
    places.grant_interface(service, builder.system.board)
    places.grant_passthrough(service, vm)
    for name in placed.files:
        grant(service, name, pb.GRANT_FILE, placed.files[name][2], rights=READ)
    grant(service, "untyped", pb.GRANT_UNTYPED, size=UNTYPED, rights=DMA if placed.dma else 0)
    grant(service, "core", pb.GRANT_CORE, badge=vm.vcpu["priority"])
    grant(service, "timer", pb.GRANT_TIMER, badge=VMM_TIMER)
    for device in vm.devices:
        server = f"{device.name}.{label}"
        grant(service, device.name + ".port", pb.GRANT_CALL, server, rights=CALL)
        grant(service, device.name + ".line", pb.GRANT_LINE, server, rights=MANAGE)
        if device.queues:
            grant(service, device.name + ".bell", pb.GRANT_SIGNAL, server, rights=RAISE, badge=(1 << device.queues) - 1)
    ivc.add_client(builder, placed, service)
    service.config = vm_config(placed).SerializeToString()


def place_of(gpa, map_type, group, dma):
    """A memory's keys: one at its own address is there alone; what is reserved is kept when the VM starts anew."""
    keys = {"dma": True} if dma else {}
    if map_type == MAP_RESERVED:
        return dict(keys, base=gpa, reserved=True, survives=True)
    return dict(keys, base=gpa, group=group) if map_type == MAP_IDENTICAL else dict(keys, group=group)


def shared_ram(vm):
    """The regions that a device server has: a device cannot write to memory that the guest cannot."""
    return [i for i in by_address(vm) if vm.memory_regions[i][2] & WRITE]


def by_address(vm):
    """init maps what touches so that it touches, if it comes in this order."""
    return sorted(range(len(vm.memory_regions)), key=lambda i: vm.memory_regions[i][0])


def grant_ram(service, placed, i, rights, name=None):
    gpa = placed.vm.memory_regions[i][0]
    grant(service, name or f"ram{i}", pb.GRANT_MEMORY, f"ram{i}.{placed.label}", rights=rights, base=gpa)


def vm_config(placed):
    vm = placed.vm
    config = pb.VmConfig(
        id=vm.id, name=vm.name, vm_type=vm.vm_type, cpu_num=vm.cpu_num, phys_cpu_ids=vm.phys_cpu_ids,
        phys_cpu_sets=vm.phys_cpu_sets, entry_point=vm.kernel["entry_point"],
        kernel_load_addr=vm.kernel["kernel_load_addr"], dtb_load_addr=placed.dtb_address,
        cmdline=vm.kernel["cmdline"], interrupt_mode=vm.interrupt_mode, vcpu_priority=vm.vcpu["priority"],
        vcpu_budget_us=vm.vcpu["budget_us"], vcpu_period_us=vm.vcpu["period_us"], number=placed.number,
        has_dtb="dtb" in placed.files, has_ramdisk="ramdisk" in placed.files)
    if vm.start:
        config.start = vm.start
    config.demand = vm.demand
    if vm.gic != 3:
        config.gic = vm.gic
    if "ramdisk" in placed.files:
        config.ramdisk_load_addr = placed.files["ramdisk"][1]
    for gpa, size, flags, map_type in vm.memory_regions:
        config.memory_regions.add(gpa=gpa, size=size, flags=flags, map_type=map_type)
    for name, base, length, irq, kind, values in vm.emu_devices:
        config.emu_devices.add(name=name, base_gpa=base, length=length, irq_id=irq, emu_type=kind, cfg=values)
    config.passthrough_devices.extend(entry for _, entry in places.entries(vm))
    for device in vm.devices:
        served = config.devices.add(
            name=device.name, compatible=device.compatible, base=device.base, length=device.length, irq=device.irq,
            server=device.name + ".port", line=device.name + ".line")
        if device.queues:
            served.doorbell = device.name + ".bell"
            served.doorbell_offset = device.doorbell_offset
            served.doorbell_queues = device.queues
    for each in vm.passthrough:
        for passed in each.devices:
            add_passed(config, passed)
    return config


def add_passed(config, passed):
    device = passed.device
    node = config.passed_devices.add(name=device.node, base=passed.base_gpa, length=device.size, dma=device.dma,
                                     compatible=device.compatible)
    if device.irq:
        node.irq, node.edge = device.irq, device.edge


def add_device(builder, placed, device):
    name, group = f"{device.name}.{placed.label}", placed.number
    service = builder.service(device.table, name, device.server, DEFAULTS["device"], group)
    builder.manifest.lines.add(name=name, group=group)
    grant(service, "state", pb.GRANT_MEMORY, builder.memory("state." + name, PAGE, survives=True, group=group),
          rights=READ | WRITE)
    grant(service, "line", pb.GRANT_LINE, name, rights=RAISE)
    if device.ram:
        for number, i in enumerate(shared_ram(placed.vm)):
            grant_ram(service, placed, i, READ | WRITE, f"ram{number}")
    if device.server == "pl011":
        add_uart(builder, placed, device, service)
    elif device.server == "virtio-blk":
        add_disk(builder, placed, device, service)
    elif device.server == "virtio-console":
        add_virtio_console(builder, placed, device, service)
    elif device.server == "virtio-net":
        add_ledger(builder, placed, service)
        config = builder.network.add(placed, device, service)
        add_ram(config, placed)
        service.config = config.SerializeToString()


def add_uart(builder, placed, device, service):
    config = cfg.Pl011Config(backend=cfg.Pl011Config.MEMORY)
    if device.backend == "console":
        add_console_client(builder, placed, device, service, placed.vm.name)
        config.backend = cfg.Pl011Config.CONSOLE
    service.config = config.SerializeToString()


def add_console_client(builder, placed, device, service, prefix):
    if not builder.has_console:
        raise device.table.error("backend", f"there is no console on core {placed.core}, where {placed.vm.name} runs; "
                                 'give backend = "memory"')
    index = len(builder.clients)
    builder.rings(service, service.name)
    grant(service, "console", pb.GRANT_SIGNAL, CONSOLE, rights=RAISE, badge=1 << index)
    builder.clients.append(cfg.ConsoleClient(name=service.name, prefix=f"[{prefix[:28]}] ", bit=index))


def add_ledger(builder, placed, service):
    memory = builder.memory("ledger." + service.name, LEDGER, survives=True, group=placed.number)
    grant(service, "ledger", pb.GRANT_MEMORY, memory, rights=READ | WRITE)


def add_ram(config, placed):
    """As add_device grants it."""
    for i in shared_ram(placed.vm):
        config.ram.add(gpa=placed.vm.memory_regions[i][0], size=placed.vm.memory_regions[i][1])


def add_virtio_console(builder, placed, device, service):
    """Its lines begin with its own name: the VM may have a serial port, too."""
    config = cfg.VirtioConsoleConfig(backend=cfg.VirtioConsoleConfig.MEMORY, queues=device.queues)
    add_ledger(builder, placed, service)
    add_ram(config, placed)
    if device.backend == "console":
        add_console_client(builder, placed, device, service, service.name)
        config.backend = cfg.VirtioConsoleConfig.CONSOLE
    service.config = config.SerializeToString()


def add_disk(builder, placed, device, service):
    name = service.name
    add_ledger(builder, placed, service)
    config = cfg.BlkConfig(backend=cfg.BlkConfig.MEMORY, sectors=device.sectors, read_only=device.read_only,
                           queues=device.queues)
    add_ram(config, placed)
    if device.backend == "memory":
        size = -(-device.sectors * devices.SECTOR // BLOCK) * BLOCK
        grant(service, "disk", pb.GRANT_MEMORY, builder.memory("disk." + name, size, 21, survives=True), rights=READ | WRITE)
    else:
        config.backend = cfg.BlkConfig.BLOCK
        badge = add_client(builder, placed, device, name)
        grant(service, "backend", pb.GRANT_CALL, device.backend, rights=CALL, badge=badge)
        builder.memory("transfer." + name, TRANSFER, 21, dma=True, survives=True)
        grant(service, "transfer", pb.GRANT_MEMORY, "transfer." + name, rights=READ | WRITE)
    service.config = config.SerializeToString()


def add_client(builder, placed, device, name):
    """A range of the host's disk; its number among the driver's clients is its badge."""
    driver = next((driver for driver in builder.system.drivers if driver.name == device.backend), None)
    table = device.table
    if driver is None or not driver.sectors:
        disks = [d.name for d in builder.system.drivers if d.sectors]
        raise table.error("backend", f'"{device.backend}" is no disk driver of this system; give '
                          + ", ".join(disks + ["memory"]))
    if driver.core != placed.core:
        raise table.error("backend", f"{driver.name} is on core {driver.core}, and {placed.vm.name} on core {placed.core}; "
                          'give backend = "memory", or place the VM there')
    end = device.first_sector + device.sectors
    if end > driver.sectors:
        raise table.error("sectors", f"the range ends at sector {end}, and {driver.name} has {driver.sectors}; shorten it")
    clients = builder.disks[driver.name]
    for other in clients:
        if device.first_sector < other.first_sector + other.sectors and other.first_sector < end \
                and not (device.read_only and other.read_only):
            raise table.error("first_sector", f"sectors {device.first_sector} to {end - 1} overlap those of {other.name} "
                              f"({other.first_sector} to {other.first_sector + other.sectors - 1}); move one, or make both "
                              "read_only")
    clients.append(cfg.BlkClient(name=name, first_sector=device.first_sector, sectors=device.sectors,
                                 read_only=device.read_only))
    return len(clients)


def add_extra(builder, extra):
    service = builder.service(extra.table, extra.name, extra.image, extra.budget)
    names = {s.name for s in builder.system.extras} | set(builder.sources)
    for i, callee in enumerate(extra.calls):
        if callee in extra.calls[:i]:
            raise extra.table.document.error(extra.table.at("calls", i), f'"{callee}" is there twice; remove one')
        if callee not in names:
            raise extra.table.document.error(extra.table.at("calls", i), f'"{callee}" is no service of core {extra.core}; '
                                             "correct the name")
        grant(service, callee, pb.GRANT_CALL, callee, rights=CALL, badge=ANYBODY)
    if extra.untyped:
        grant(service, "untyped", pb.GRANT_UNTYPED, size=extra.untyped)
    if extra.schedule:
        grant(service, "core", pb.GRANT_CORE, badge=extra.schedule)
    if extra.timer:
        grant(service, "timer", pb.GRANT_TIMER, badge=1)
    if extra.power:
        grant(service, "power", pb.GRANT_POWER)
