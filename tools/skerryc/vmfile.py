# SPDX-License-Identifier: BSD-2-Clause
"""configs/vms/NAME.toml: axvisor's schema, generation A with generation B's keys, and our [skerry].

load() accepts every file of those generations. What this machine or VMM cannot serve is refused by
served.check(), so that a file can be right and still not run here.
"""
from dataclasses import dataclass, field

from skerryc import devices, emulated
from skerryc.source import Document

MAX_VCPUS = 8
MAX_REGIONS = 8
MAX_EMULATED = 16
MAX_CFG = 4  # numbers of an emulated device
NAME_BYTES = 31
VM_TYPES = (0, 1, 2)
VM_TYPE_RTOS = 1
VM_TYPE_LINUX = 2
MAP_ALLOC, MAP_IDENTICAL, MAP_RESERVED = MAP_TYPES = (0, 1, 2)  # the last is of generation B
FLAGS_MASK = 0x3f
IMAGE_LOCATIONS = {"fs": "fs", "memory": "memory"}
INTERRUPT_MODES = {"no_irq": 0, "no": 0, "none": 0, "emu": 1, "emulated": 1, "passthrough": 2, "pt": 2}
STARTS = {"boot": 0, "rpc": 1}


def _later(generation, advice):
    return f"is a key of axvisor's schema generation {generation}, and files here are of generation A or B; {advice}"


TOP_LATER = {
    "machine": _later("D", "set devices.interrupt_mode instead"),
    "memory": _later("D", "list RAM in kernel.memory_regions"),
}
BASE_LATER = {"affinities": _later("D", "use phys_cpu_ids or phys_cpu_sets")}
KERNEL_LATER = {
    "enable_bios": _later("C", "remove it"),
    "boot_protocol": _later("C", "remove it: guests are booted directly"),
    "uefi_firmware_path": _later("C", "remove it: guests are booted directly"),
}
DEVICES_LATER = {
    "address_space_policy": _later("C", "remove it"),
    "passthrough_ports": _later("C", "remove it"),
    "disable_defaults": _later("D", "remove it"),
    "deny": _later("D", "remove it"),
    "virtual": _later("D", "use [[skerry.device]]"),
}


@dataclass
class Vm:
    table: object  # of the whole file, for messages
    id: int = 0
    name: str = ""
    vm_type: int = 0
    cpu_num: int = 0
    phys_cpu_ids: list = field(default_factory=list)
    phys_cpu_sets: list = field(default_factory=list)
    interrupt_mode: int = 0
    kernel: dict = field(default_factory=dict)  # the keys of [kernel] but memory_regions
    ramdisk_slot: str = "ramdisk"  # whose keys gave the ramdisk: "bios" can, too
    memory_regions: list = field(default_factory=list)  # after served.check: without those of devices
    region_numbers: list = field(default_factory=list)  # of memory_regions, in the file
    emu_devices: list = field(default_factory=list)
    passthrough_devices: list = field(default_factory=list)
    passthrough_addresses: list = field(default_factory=list)
    excluded_devices: list = field(default_factory=list)
    devices: list = field(default_factory=list)  # of [[skerry.device]], then of emu_devices
    passthrough: list = field(default_factory=list)  # of passthrough.Range
    vcpu: dict = field(default_factory=dict)
    restart: str = "always"
    demand: bool = False
    gic: int = None  # version of its interrupt controller; after emulated.check the board's
    start: int = 0
    notes: list = field(default_factory=list)

    def error(self, path, text):
        return self.table.document.error(path, text)

    def region(self, i):
        """The path of memory_regions[i]."""
        return "kernel", "memory_regions", self.region_numbers[i] if self.region_numbers else i

    def where(self, path):
        return self.table.document.where(path)

    def note(self, path, text):
        self.notes.append(str(self.error(path, text)))


def load(path, root):
    top = Document(path, root).table
    vm = Vm(top)
    refuse_later(top, TOP_LATER)
    read_base(vm, top.table("base"))
    read_kernel(vm, top.table("kernel"))
    read_devices(vm, top.table("devices"))
    read_skerry(vm, top.table("skerry", required=False))
    top.done()
    return vm


def read_base(vm, table):
    refuse_later(table, BASE_LATER)
    vm.id = table.number("id", 0, 0xffffffff)
    vm.name = table.name("name", 31)
    vm.vm_type = table.take("vm_type", int, meaning="0 host, 1 RTOS, 2 Linux")
    if vm.vm_type not in VM_TYPES:
        vm.note(table.at("vm_type"), f"{vm.vm_type} is not known; taken as {VM_TYPE_RTOS} (RTOS)")
        vm.vm_type = VM_TYPE_RTOS
    vm.cpu_num = table.number("cpu_num", 1, MAX_VCPUS)
    vm.phys_cpu_ids = table.array("phys_cpu_ids", int, [])
    vm.phys_cpu_sets = table.array("phys_cpu_sets", int, [])
    for key, values in (("phys_cpu_ids", vm.phys_cpu_ids), ("phys_cpu_sets", vm.phys_cpu_sets)):
        if len(values) > vm.cpu_num:
            raise table.error(key, f"has {len(values)} entries for {vm.cpu_num} vCPUs; remove some or raise cpu_num")
    for i, cpus in enumerate(vm.phys_cpu_sets):
        if not cpus:
            raise vm.error(table.at("phys_cpu_sets", i), "names no core; set the bit of one")
    table.done()


def refuse_later(table, later):
    """Before all else: such files lack required keys too, and to say that would mislead."""
    for key in table.data:
        if key in later:
            raise table.error(key, later[key])


def read_kernel(vm, table):
    refuse_later(table, KERNEL_LATER)
    kernel = vm.kernel
    kernel["entry_point"] = table.take("entry_point", int)
    kernel["kernel_path"] = table.take("kernel_path", str)
    kernel["kernel_load_addr"] = table.take("kernel_load_addr", int)
    for key in ("bios", "dtb", "ramdisk"):
        kernel[key + "_path"] = table.take(key + "_path", str, None)
        kernel[key + "_load_addr"] = table.take(key + "_load_addr", int, None)
    kernel["image_location"] = table.choice("image_location", IMAGE_LOCATIONS, "fs")
    kernel["cmdline"] = table.take("cmdline", str, None)
    kernel["disk_path"] = table.take("disk_path", str, None)
    vm.memory_regions = rows(vm, table, "memory_regions", "[gpa, size, flags, map_type]", (int,) * 4)
    table.done()
    if len(vm.memory_regions) > MAX_REGIONS:
        raise table.error("memory_regions", f"has {len(vm.memory_regions)} regions; at most {MAX_REGIONS} fit, join some")
    for i, (_, _, flags, map_type) in enumerate(vm.memory_regions):
        path = table.at("memory_regions", i)
        if flags & ~FLAGS_MASK:
            raise vm.error(path, f"flags 0x{flags:x} has unknown bits; use 1 read, 2 write, 4 execute, 8 user")
        if map_type not in MAP_TYPES:
            raise vm.error(path, f"map_type {map_type} is not known; give 0 (MapAlloc), 1 (MapIdentical) or 2 (MapReserved)")


def rows(vm, table, key, form, kinds, shortest=None, default=None):
    """An array of arrays whose elements have these types; with `shortest`, missing numbers are 0."""
    values = table.array(key, list) if default is None else table.array(key, list, default)
    result = []
    for i, row in enumerate(values):
        path = table.at(key, i)
        if not (shortest or len(kinds)) <= len(row) <= len(kinds):
            raise vm.error(path, f"has {len(row)} elements; give {form}")
        for j, value in enumerate(row):
            table.checked(path + (j,), value, kinds[j])
        result.append(tuple(row) + (0,) * (len(kinds) - len(row)))
    return result


def read_devices(vm, table):
    refuse_later(table, DEVICES_LATER)
    vm.emu_devices = rows(vm, table, "emu_devices", "[name, base_gpa, length, irq_id, emu_type, [cfg]]",
                          (str, int, int, int, int, list))
    vm.passthrough_devices = rows(vm, table, "passthrough_devices",
                                  '[name, base_gpa, base_hpa, length, irq_id] or ["/path"]',
                                  (str, int, int, int, int), shortest=1)
    vm.excluded_devices = rows(vm, table, "excluded_devices", '["/path"]', (str,), default=[])
    vm.passthrough_addresses = rows(vm, table, "passthrough_addresses", "[gpa, length]", (int, int), default=[])
    vm.interrupt_mode = table.choice("interrupt_mode", INTERRUPT_MODES, "no_irq")
    vm.interrupt_mode = INTERRUPT_MODES.get(vm.interrupt_mode, vm.interrupt_mode)
    table.done()
    if len(vm.emu_devices) > MAX_EMULATED:
        raise table.error("emu_devices", f"has {len(vm.emu_devices)} devices; at most {MAX_EMULATED} fit, remove some")
    for i, device in enumerate(vm.emu_devices):
        path, kind = table.at("emu_devices", i), device[4]
        if len(device[0].encode()) > NAME_BYTES:
            raise vm.error(path, f"the name has {len(device[0].encode())} bytes; at most {NAME_BYTES} fit, shorten it")
        if len(device[5]) > MAX_CFG:
            raise vm.error(path, f"cfg has {len(device[5])} numbers; at most {MAX_CFG} mean something, remove the others")
        for j, value in enumerate(device[5]):
            table.checked(path + (5, j), value, int)
        if kind in emulated.TYPES_LATER:
            raise vm.error(path, f"emu_type 0x{kind:x} ({emulated.TYPES_LATER[kind]}) "
                           + _later("C", "remove the device").replace("is a key of", "is of"))
        if kind not in emulated.TYPES:
            vm.note(path, f"emu_type 0x{kind:x} is not known; taken as 0x0 (Dummy)")
            vm.emu_devices[i] = device[:4] + (emulated.DUMMY,) + device[5:]


def read_skerry(vm, table):
    """Our own table: what axvisor's schema cannot say."""
    vm.vcpu = {
        "priority": table.number("vcpu_priority", 1, 19, 10),
        "budget_us": table.number("vcpu_budget_us", 100, 1000000, 5000),
        "period_us": table.number("vcpu_period_us", 100, 1000000, 5000),
    }
    if vm.vcpu["budget_us"] > vm.vcpu["period_us"]:
        raise table.error("vcpu_budget_us", "is larger than vcpu_period_us; lower it or raise the period")
    vm.restart = table.choice("restart", {"always": "always", "never": "never"}, "always")
    vm.demand = table.take("demand", bool, False)
    vm.gic = table.number("gic", 2, 3, None)
    vm.start = table.choice("start", STARTS, "boot")
    for entry in table.tables("device"):
        vm.devices.append(devices.read(vm, entry))
    table.done()
