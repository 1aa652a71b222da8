# SPDX-License-Identifier: BSD-2-Clause
"""One mistake per case: (name, edits, the error's exact text). {n} is the line that #HERE marks."""

VM, SYSTEM, BOARD = "configs/vms/a.toml", "configs/systems/s.toml", "configs/boards/board.toml"
DISK0 = 'base = 0x0a00_0000\nlength = 0x1000\nirq = 48\n'
UART0 = 'base = 0x0900_0000\nlength = 0x1000\nirq = 33\n'
REGIONS = "    [0x8000_0000, 0x0100_0000, 0x7, 0],\n"
TWICE = '\n[[vm]] #HERE\nfile = "a"\n'


def vm(old, new):
    return [("vm", old, new)]


def system(old, new):
    return [("system", old, new)]


def at(path, text):
    return f"{path}:{{n}}: {text}"


def later(key, generation, advice):
    return at(VM, f"{key}: is a key of axvisor's schema generation {generation}, and files here are of generation A or B; "
              f"{advice}")


SYNTAX = [
    ("not TOML", vm("id = 1\n", "id = \n"),
     "configs/vms/a.toml:2: is not TOML: invalid value; correct this line"),
    ("text ends early", vm(None, "x = [1,\n"),
     "configs/vms/a.toml:42: is not TOML: invalid value; correct this line"),
    ("brackets without end", vm("id = 1\n", "id = " + "[" * 3000 + "\n"),
     "configs/vms/a.toml:2: is nested too deep; remove brackets"),
    ("a number of many digits", vm("id = 1\n", "id = " + "1" * 5000 + "\n"),
     "configs/vms/a.toml:2: a number is too long; give 0 to 2^64 - 1"),
    ("a number of many bits", vm("id = 1\n", "id = 0x" + "f" * 5000 + " #HERE\n"),
     at(VM, "base.id: a number of more than 128 bits is out of range; give 0 to 2^64 - 1")),
    ("a string of two lines", vm('interrupt_mode = "emu"', 'interrupt_mode = "e\\nm\\u001b" #HERE'),
     at(VM, 'devices.interrupt_mode: "e\\nm\\x1b" is not known; give one of no_irq, no, none, emu, emulated, passthrough, pt')),
    ("unknown key, one like it", vm("cpu_num = 1\n", "cpu_num = 1\ncpu_nums = 2 #HERE\n"),
     at(VM, "base.cpu_nums: unknown key; did you mean cpu_num?")),
    ("unknown key", vm("id = 1\n", "id = 1\nzzz = 2 #HERE\n"),
     at(VM, "base.zzz: unknown key; remove it; known are id, name, vm_type, cpu_num, phys_cpu_ids, phys_cpu_sets")),
    ("unknown table", vm(None, "[virtio] #HERE\n"),
     at(VM, "virtio: unknown key; remove it; known are base, kernel, devices, skerry")),
    ("missing key", vm("id = 1\n", ""), "configs/vms/a.toml:1: base.id: is missing; add an integer"),
    ("missing array", vm("emu_devices = []\n", ""),
     "configs/vms/a.toml:18: devices.emu_devices: is missing; add an array"),
    ("string for a number", vm("id = 1\n", 'id = "1" #HERE\n'), at(VM, 'base.id: must be an integer, not "1"')),
    ("bool for a number", vm("id = 1\n", "id = true #HERE\n"), at(VM, "base.id: must be an integer, not true or false")),
    ("number for a string", vm('name = "a"\n', "name = 7 #HERE\n"), at(VM, "base.name: must be a string, not 7")),
    ("negative number", vm("entry_point = 0x8000_0000\n", "entry_point = -1 #HERE\n"),
     at(VM, "kernel.entry_point: -1 is out of range; give 0 to 2^64 - 1")),
    ("wrong element", vm("phys_cpu_ids = [0]", 'phys_cpu_ids = [\n"x" #HERE\n]'),
     at(VM, 'base.phys_cpu_ids[0]: must be an integer, not "x"')),
    ("short region", vm(REGIONS, REGIONS + "[1, 2, 3], #HERE\n"),
     at(VM, "kernel.memory_regions[1]: has 3 elements; give [gpa, size, flags, map_type]")),
    ("short passthrough", vm("passthrough_devices = []", "passthrough_devices = [[]] #HERE"),
     at(VM, 'devices.passthrough_devices[0]: has 0 elements; give [name, base_gpa, base_hpa, length, irq_id] or ["/path"]')),
    ("short emulated device", vm("emu_devices = []", 'emu_devices = [["x", 1]] #HERE'),
     at(VM, "devices.emu_devices[0]: has 2 elements; give [name, base_gpa, length, irq_id, emu_type, [cfg]]")),
    ("a name that cannot be", vm('name = "a"\n', 'name = "a b" #HERE\n'),
     at(VM, 'base.name: "a b" cannot be a name; use 1 to 31 letters, digits, "-", "_" and "."')),
]

GENERATIONS = [
    ("C: enable_bios", vm("entry_point", "enable_bios = false #HERE\nentry_point"),
     later("kernel.enable_bios", "C", "remove it")),
    ("C: boot_protocol", vm("entry_point", 'boot_protocol = "uefi" #HERE\nentry_point'),
     later("kernel.boot_protocol", "C", "remove it: guests are booted directly")),
    ("C: passthrough_ports", vm("interrupt_mode", "passthrough_ports = [[0x6000, 0x80]] #HERE\ninterrupt_mode"),
     later("devices.passthrough_ports", "C", "remove it")),
    ("C: address_space_policy", vm("interrupt_mode", 'address_space_policy = "x" #HERE\ninterrupt_mode'),
     later("devices.address_space_policy", "C", "remove it")),
    ("C: emu_type", vm("emu_devices = []", 'emu_devices = [["fw", 0, 24, 0, 0x3, []]] #HERE'),
     at(VM, "devices.emu_devices[0]: emu_type 0x3 (FwCfg) is of axvisor's schema generation C, and files here are of "
        "generation A or B; remove the device")),
    ("D: affinities", vm("vm_type = 2\n", "affinities = [1] #HERE\n"),
     later("base.affinities", "D", "use phys_cpu_ids or phys_cpu_sets")),
    ("D: machine", vm(None, '[machine] #HERE\nmode = "virtual"\n'),
     later("machine", "D", "set devices.interrupt_mode instead")),
    ("D: memory", vm(None, "[[memory.regions]] #HERE\nguest_base = 0\n"),
     later("memory", "D", "list RAM in kernel.memory_regions")),
    ("D: devices.virtual", vm("[[skerry.device]]\nname = \"uart0\"", '[[devices.virtual]] #HERE\nid = "x"\n\n'
                              '[[skerry.device]]\nname = "uart0"'),
     later("devices.virtual", "D", "use [[skerry.device]]")),
]

VALUES = [
    ("interrupt_mode", vm('"emu"', '"none_at_all" #HERE'),
     at(VM, 'devices.interrupt_mode: "none_at_all" is not known; give one of no_irq, no, none, emu, emulated, passthrough, '
        "pt")),
    ("image_location", vm("cmdline", 'image_location = "net" #HERE\ncmdline'),
     at(VM, 'kernel.image_location: "net" is not known; give one of fs, memory')),
    ("map_type", vm("0x7, 0],", "0x7, 3], #HERE"),
     at(VM, "kernel.memory_regions[0]: map_type 3 is not known; give 0 (MapAlloc), 1 (MapIdentical) or 2 (MapReserved)")),
    ("flags", vm("0x7, 0],", "0x47, 0], #HERE"),
     at(VM, "kernel.memory_regions[0]: flags 0x47 has unknown bits; use 1 read, 2 write, 4 execute, 8 user")),
    ("device memory", vm("0x7, 0],", "0x17, 0],"),
     "configs/vms/a.toml:14: " + ("kernel.memory_regions: has no memory, devices alone; give the VM memory: [[0x8000_0000, 0x1000_0000, 0x7, 0]]")),
    ("bios_path beside a ramdisk", vm("cmdline", 'bios_path = "x" #HERE\ncmdline'),
     at(VM, "kernel.bios_path: is the initramfs of a guest on aarch64, and there is ramdisk_path, too; remove one")),
    ("no such bios", vm('ramdisk_path = "ramdisk.gz"', 'bios_path = "none.gz" #HERE'),
     at(VM, 'kernel.bios_path: "none.gz" does not exist, here or below the project\'s directory; build it, or correct the name')),
    ("bios over the kernel", vm('ramdisk_path', 'bios_load_addr = 0x8000_1000 #HERE\nbios_path'),
     at(VM, "kernel.bios_load_addr: 0x80001000 to 0x80001bb7 overlaps the kernel (0x80000000 to 0x80001387); move one")),
    ("long cmdline", vm('cmdline = "quiet"', f'cmdline = "{"x" * 512}" #HERE'),
     at(VM, "kernel.cmdline: is longer than 511 characters; shorten it")),
    ("no vCPU", vm("cpu_num = 1", "cpu_num = 0 #HERE"), at(VM, "base.cpu_num: 0 is out of range; give 1 to 8")),
    ("too many vCPUs", vm("cpu_num = 1", "cpu_num = 9 #HERE"), at(VM, "base.cpu_num: 9 is out of range; give 1 to 8")),
    ("more cores than vCPUs", vm("phys_cpu_ids = [0]", "phys_cpu_ids = [0, 0x100] #HERE"),
     at(VM, "base.phys_cpu_ids: has 2 entries for 1 vCPUs; remove some or raise cpu_num")),
    ("an empty set", vm("phys_cpu_ids = [0]", "phys_cpu_sets = [0] #HERE"),
     at(VM, "base.phys_cpu_sets[0]: names no core; set the bit of one")),
    ("a core that is not there", vm("phys_cpu_ids = [0]", "phys_cpu_ids = [0x200] #HERE"),
     at(VM, "base.phys_cpu_ids: names a core that this system does not have; give one of 0x0, 0x100")),
    ("a set of no core here", vm("phys_cpu_ids = [0]", "phys_cpu_sets = [4] #HERE"),
     at(VM, "base.phys_cpu_sets: names a core that this system does not have; give one of 0x0, 0x100")),
    ("vCPU priority", vm("[[skerry.device]]\nname = \"uart0\"",
                         '[skerry]\nvcpu_priority = 20 #HERE\n\n[[skerry.device]]\nname = "uart0"'),
     at(VM, "skerry.vcpu_priority: 20 is out of range; give 1 to 19")),
    ("vCPU budget", vm("[[skerry.device]]\nname = \"uart0\"",
                       '[skerry]\nvcpu_budget_us = 6000 #HERE\n\n[[skerry.device]]\nname = "uart0"'),
     at(VM, "skerry.vcpu_budget_us: is larger than vcpu_period_us; lower it or raise the period")),
    ("who starts it", vm("[[skerry.device]]\nname = \"uart0\"",
                         '[skerry]\nstart = "later" #HERE\n\n[[skerry.device]]\nname = "uart0"'),
     at(VM, 'skerry.start: "later" is not known; give one of boot, rpc')),
]

MEMORY = [
    ("no memory", vm("memory_regions = [\n" + REGIONS + "]", "memory_regions = [] #HERE"),
     at(VM, "kernel.memory_regions: is empty; give the VM memory: [[0x8000_0000, 0x1000_0000, 0x7, 0]]")),
    ("size 0", vm(REGIONS, REGIONS + "[0x9000_0000, 0, 7, 0], #HERE\n"),
     at(VM, "kernel.memory_regions[1]: has size 0; give its bytes")),
    ("misaligned", vm(REGIONS, REGIONS + "[0x9000_0800, 0x1000, 7, 0], #HERE\n"),
     at(VM, "kernel.memory_regions[1]: 0x90000800 + 0x1000 is not on page boundaries; align both to 0x1000")),
    ("large and not on 2 MiB", vm(REGIONS, REGIONS + "[0x9000_1000, 0x40_0000, 7, 0], #HERE\n"),
     at(VM, "kernel.memory_regions[1]: 0x90001000 + 0x400000 is larger than 2 MiB but not aligned to it; align both to "
        "0x200000")),
    ("out of reach", vm(REGIONS, REGIONS + "[0xffff_ffff_f000, 0x2000, 7, 0], #HERE\n"),
     at(VM, "kernel.memory_regions[1]: ends at 0x1000000001000; guests have 48 address bits at most, move it below 0x1000000000000")),
    ("regions overlap", vm(REGIONS, REGIONS + "[0x80f0_0000, 0x40_0000, 7, 0], #HERE\n"),
     at(VM, "kernel.memory_regions[1]: 0x80f00000 to 0x812fffff overlaps memory_regions[0] (0x80000000 to 0x80ffffff); "
        "move one")),
    ("memory over the interrupt controller", vm(REGIONS, REGIONS + "[0x0800_0000, 0x1000, 7, 0], #HERE\n"),
     at(VM, "kernel.memory_regions[1]: overlaps the guest's interrupt distributor (0x8000000 to 0x800ffff); move it")),
    ("too many regions", vm("memory_regions = [\n" + REGIONS, "memory_regions = [ #HERE\n" + REGIONS * 9),
     at(VM, "kernel.memory_regions: has 9 regions; at most 8 fit, join some")),
    ("does not fit the core", system("ram_mib = 256", "ram_mib = 32 #HERE"),
     at(SYSTEM, "core[0].ram_mib: core 0 needs 51 MiB and has 32 MiB (largest: ram0.a 16 MiB, vmm.a 6 MiB, "
        "dma.disk 2 MiB); give it more, or its VMs less")),
    ("too many pieces", vm("0x0100_0000, 0x7, 0],", "0x6_0000_0000, 0x7, 0],"),
     "configs/systems/s.toml:3: core[0]: there would be 12308 pieces of memory; at most 7000 fit, give its VMs less memory"),
    ("too many pieces for a service", vm("0x0100_0000, 0x7, 0],", "0x2_0000_0000, 0x7, 0],"),
     "configs/systems/s.toml:3: core[0]: disk0.a would have 4103 pieces of memory; at most 3072 fit, give its VM less memory"),
    ("no round size", vm(REGIONS, REGIONS + "[0x1_0000_0000, 0xffe0_0000, 7, 0],\n"),
     "configs/systems/s.toml:3: core[0]: ram1.a has 0xffe00000 bytes, the sum of more than 10 powers of 2; give it a rounder "
     "size"),
]

IMAGES = [
    ("no such kernel", vm('"kernel.bin"', '"none.bin" #HERE'),
     at(VM, 'kernel.kernel_path: "none.bin" does not exist, here or below the project\'s directory; build it, or correct '
        "the name")),
    ("no such ramdisk", vm('"ramdisk.gz"', '"none.gz" #HERE'),
     at(VM, 'kernel.ramdisk_path: "none.gz" does not exist, here or below the project\'s directory; build it, or correct '
        "the name")),
    ("compressed kernel", vm('"kernel.bin"', '"packed.bin" #HERE'),
     at(VM, 'kernel.kernel_path: "packed.bin" is compressed; unpack it with gunzip')),
    ("ELF kernel", vm('"kernel.bin"', '"program.elf" #HERE'),
     at(VM, 'kernel.kernel_path: "program.elf" is an ELF file; give the flat binary')),
    ("empty kernel", vm('"kernel.bin"', '"empty.bin" #HERE'),
     at(VM, 'kernel.kernel_path: "empty.bin" is empty; build it again')),
    ("no Linux kernel", vm('"kernel.bin"', '"flat.bin" #HERE'),
     at(VM, 'kernel.kernel_path: "flat.bin" is no arm64 Image of Linux; give arch/arm64/boot/Image, or set vm_type = 1 for '
        "another program")),
    ("kernel cut short", vm('"kernel.bin"', '"cut.bin" #HERE'),
     at(VM, 'kernel.kernel_path: "cut.bin" is cut short: it has 159 bytes and 160 by its header; copy it again')),
    ("kernel outside memory", vm("kernel_load_addr = 0x8000_0000", "kernel_load_addr = 0x8100_0000 #HERE"),
     at(VM, "kernel.kernel_load_addr: 0x81000000 and the 5000 bytes from there on are not inside the VM's memory_regions; "
        "move it or enlarge the memory")),
    ("entry outside memory", vm("entry_point = 0x8000_0000", "entry_point = 0x7fff_fffc #HERE"),
     at(VM, "kernel.entry_point: 0x7ffffffc is not inside the VM's memory_regions; move it or enlarge the memory")),
    ("ramdisk over the kernel", vm("cmdline", "ramdisk_load_addr = 0x8000_1000 #HERE\ncmdline"),
     at(VM, "kernel.ramdisk_load_addr: 0x80001000 to 0x80001bb7 overlaps the kernel (0x80000000 to 0x80001387); move one")),
    ("ramdisk over what Linux takes", vm('kernel_path = "kernel.bin"',
                                         'kernel_path = "Image"\nramdisk_load_addr = 0x807f_f000 #HERE'),
     at(VM, "kernel.ramdisk_load_addr: 0x807ff000 to 0x807ffbb7 overlaps the kernel (0x80000000 to 0x807fffff); move one")),
    ("misaligned Linux", [("vm", 'kernel_path = "kernel.bin"\nkernel_load_addr = 0x8000_0000',
                           'kernel_path = "Image"\nkernel_load_addr = 0x8000_1000 #HERE')],
     at(VM, "kernel.kernel_load_addr: 0x80001000 is not where this Linux image can run; use a 2 MiB boundary + 0x0")),
    ("device tree over the kernel", vm("cmdline", "dtb_load_addr = 0x8000_0000 #HERE\ncmdline"),
     at(VM, "kernel.dtb_load_addr: 0x80000000 to 0x80007fff overlaps the kernel (0x80000000 to 0x80001387); move one")),
    ("misaligned device tree", vm("cmdline", "dtb_load_addr = 0x8010_0004 #HERE\ncmdline"),
     at(VM, "kernel.dtb_load_addr: 0x80100004 is not a multiple of 8; align it")),
]
