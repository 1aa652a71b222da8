# SPDX-License-Identifier: BSD-2-Clause
"""Files in axvisor's schema, rebuilt from its documented examples: what its users bring along."""

# Generation A: two Linux guests on GICv3, everything passed through.
A_GICV3 = """
[base]
id = 2
name = "linux-qemu-b"
vm_type = 1
cpu_num = 1
phys_cpu_ids = [1]
phys_cpu_sets = [2]

[kernel]
entry_point = 0xc008_0000
image_location = "memory"
kernel_path = "linux-5.10.198.bin"
kernel_load_addr = 0xc008_0000
dtb_path = "linux-qemu_gicv3-b.dtb"
dtb_load_addr = 0xc000_0000
bios_path = "initramfs-busybox-arm64.cpio.gz"
bios_load_addr = 0xfe00_0000
memory_regions = [
    # [0xc000_0000, 0x4000_0000, 0x7, 1],
]

[devices]
passthrough_devices = [
    ["uart", 0x0910_0000, 0x0910_0000, 0x1000, 0x1],
]
emu_devices = [
    ["gppt-gicd", 0x0800_0000, 0x1_0000, 0, 0x21, []],
    ["gppt-gicr", 0x080c_0000, 0x2_0000, 0, 0x20, [1, 0x2_0000, 1]],
]
interrupt_mode = "passthrough"
"""

# Generation A: eight cores by MPIDR, interrupt_mode left out.
A_SMP8 = """
[base]
id = 1
name = "linux-a1000"
vm_type = 1
cpu_num = 8
phys_cpu_ids = [0x0, 0x100, 0x200, 0x300, 0x400, 0x500, 0x600, 0x700]
phys_cpu_sets = [1, 2, 4, 8, 16, 32, 64, 128]

[kernel]
entry_point = 0x8100_0000
image_location = "memory"
kernel_path = "linux-a1000.bin"
kernel_load_addr = 0x8100_0000
dtb_path = "linux-a1000.dtb"
dtb_load_addr = 0x82e0_0000
memory_regions = [[0x8000_0000, 0x7000_0000, 0x7, 1]]

[devices]
emu_devices = []
passthrough_devices = [["most-devices", 0x0, 0x0, 0x8000_0000, 0x1]]
"""

# Generation B: entries by device tree path, the new keys, MapReserved, PPPTGlobal.
B_QEMU = """
[base]
id = 1
name = "linux-qemu"
vm_type = 1
cpu_num = 1
phys_cpu_ids = [0]

[kernel]
entry_point = 0x8020_0000
image_location = "memory"
kernel_path = "path/Image"
kernel_load_addr = 0x8020_0000
dtb_load_addr = 0x8000_0000
memory_regions = [[0x8000_0000, 0x1000_0000, 0x7, 1], [0x920_0000, 0x2000, 0xf, 2]]

[devices]
passthrough_devices = [["/"], ["/intc", 0x1]]
passthrough_addresses = [[0x28041000, 0x100_0000]]
excluded_devices = [["/timer"]]
emu_devices = [["plic", 0x0c00_0000, 0x60_0000, 0, 0x30, [2]]]
interrupt_mode = "pt"
"""

# Generation C: a boot protocol and ports.
C_LINUX = """
[base]
id = 1
name = "linux"
vm_type = 1
cpu_num = 1

[kernel]
entry_point = 0x8000
kernel_path = "/guest/linux/linux-qemu"
kernel_load_addr = 0x20_0000
enable_bios = false
memory_regions = [[0, 0x800_0000, 0x7, 1]]

[devices]
emu_devices = []
passthrough_devices = []
passthrough_ports = [[0x6000, 0x80]]
"""

# Generation D: nothing of the old tables is left but names.
D_LINUX = """
[machine]
mode = "virtual"

[base]
id = 1
name = "linux"
cpu_num = 1
affinities = [1]

[kernel]
kernel_path = "linux"

[[memory.regions]]
guest_base = 0x8000_0000
size = 0x1000_0000
permissions = "rwx"
backing.kind = "allocate"

[[devices.virtual]]
id = "console"
model = "arm-pl011"
"""

# What a line finder stumbles over.
TRICKY = '''# a comment with [table] and key = 1
a = "x # not a comment"
"b.c" = [ # [
  "]", 'd',
  { e = 1, f = [
    2 ] }, ]
g.h = """
[not.a.table]
""" # end
i = \'\'\'
k = 1\'\'\'\'\'
[[t]]
u = 1
[t.v]
w = 2
[[t]]
u = 3
[t.v]
w = 1979-05-27 07:32:00
'''
TRICKY_LINES = {
    ("a",): 2, ("b.c",): 3, ("b.c", 0): 4, ("b.c", 1): 4, ("b.c", 2): 5, ("b.c", 2, "e"): 5, ("b.c", 2, "f"): 5,
    ("b.c", 2, "f", 0): 6, ("g",): 7, ("g", "h"): 7, ("i",): 10, ("t",): 12, ("t", 0): 12, ("t", 0, "u"): 13,
    ("t", 0, "v"): 14, ("t", 0, "v", "w"): 15, ("t", 1): 16, ("t", 1, "u"): 17, ("t", 1, "v"): 18,
    ("t", 1, "v", "w"): 19,
}
