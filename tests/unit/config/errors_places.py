# SPDX-License-Identifier: BSD-2-Clause
"""One mistake per case, in memory at the machine's addresses and in devices of VMs; form as in errors.py."""
from errors import BOARD, REGIONS as RAM, SYSTEM, VM, at, system, vm
from placed import RESERVED
from passed import OWN, passed

BOOT = '\n[[boot]]\nname = "bundle"\nbase = 0x4800_0000\n\n[[boot]]\nname = "kernel"\nbase = 0x5080_0000\nsize = 0x10_0000\n'
SLOTS = [passed('["slots", 0x0a00_1000, 0x0a00_0000, 0x1000, 0]')]
HERE = ("system", 'file = "a"\n', 'file = "a"\ndma = "unprotected" #HERE\n')


def kept(region):
    return vm(RAM, RAM + region + ", #HERE\n") + [("board", None, RESERVED)]


def region(text, i=1):
    return at(VM, f"kernel.memory_regions[{i}]: {text}")


IDENTICAL = [
    ("over the kernel", OWN[1:] + vm(RAM, RAM.replace("0x8000_0000", "0x5000_0000").replace("0x7, 0", "0x7, 1").rstrip() + " #HERE\n")
     + [("board", None, BOOT)],
     region("0x50000000 to 0x50ffffff overlaps the kernel at boot (0x50800000 to 0x508fffff); move it, or give map_type 0 "
            "(MapAlloc)", 0)),
    ("over the bundle", vm(RAM, RAM + "[0x4820_0000, 0x20_0000, 7, 1], #HERE\n") + [("board", None, BOOT)],
     region("0x48200000 to 0x483fffff overlaps the bundle at boot (0x48000000 to 0x48401f3f); move it, or give map_type 0 "
            "(MapAlloc)")),
    ("over what is reserved", kept("[0x5800_0000, 0x20_0000, 7, 1]"),
     region("0x58000000 to 0x581fffff overlaps kept, which board reserves; move it, or give map_type 2 (MapReserved)")),
]

RESERVED_RANGES = [
    ("part of a range", kept("[0x5800_1000, 0x1000, 7, 2]"),
     region("0x58001000 to 0x58001fff is no [[reserved]] range of board; give one as a whole (kept [0x58000000, 0x3000]), or "
            "map_type 0 (MapAlloc)")),
    ("no range", vm(RAM, RAM + "[0x5fe0_0000, 0x40_0000, 7, 2], #HERE\n"),
     region("0x5fe00000 to 0x601fffff is no [[reserved]] range of board; give one as a whole (there is none), or map_type 0 "
            "(MapAlloc)")),
    ("not of pages", [("board", None, RESERVED.replace("base = 0x5800_0000", "base = 0x5800_0800 #HERE"))],
     at(BOARD, "reserved[0].base: 0x58000800 + 0x3000 is not on page boundaries; align both to 0x1000")),
    ("outside of memory", [("board", None, RESERVED.replace("base = 0x5800_0000", "base = 0x0b00_0000 #HERE"))],
     at(BOARD, "reserved[0].base: 0xb000000 to 0xb002fff is not in [ram]; a device is a [[device]]")),
    ("twice", [("board", None, RESERVED + RESERVED.replace("base = 0x5800_0000", "base = 0x5800_2000 #HERE"))],
     at(BOARD, "reserved[1].base: overlaps kept (0x58000000 to 0x58002fff); move one")),
]

HOLE = [("board", "[ram]\n", "[[ram]]\n"), ("board", "[[kernel]]", "[[ram]]\nbase = 0x8_0000_0000\nsize = 0x1000_0000\n\n[[kernel]]")]

HOLES = [
    ("in a hole", vm(RAM, RAM + "[0x6000_0000, 0x20_0000, 7, 1], #HERE\n") + HOLE,
     region("0x60000000 to 0x601fffff is not in the memory of board (0x40000000 to 0x5fffffff and 0x800000000 to 0x80fffffff); move "
            "it, or give map_type 0 (MapAlloc)")),
    ("across the end", vm(RAM, RAM + "[0x8_0fe0_0000, 0x40_0000, 7, 1], #HERE\n") + HOLE,
     region("0x80fe00000 to 0x8101fffff is not in the memory of board (0x40000000 to 0x5fffffff and 0x800000000 to 0x80fffffff); move "
            "it, or give map_type 0 (MapAlloc)")),
]

FLAGS = [
    ("uncached", vm("0x7, 0],", "0x27, 0], #HERE"),
     region("flags 0x27 ask for memory without caches, which no VM has; leave 0x20 out: the guest's own tables can map it so", 0)),
    ("no read", vm("0x7, 0],", "0x6, 0], #HERE"), region("flags 0x6 are not those of memory, which can be read; add 1", 0)),
    ("behind a device's", vm(RAM, "    [0x0c00_0000, 0x1000, 0x17, 0],\n" + RAM + "[0x8080_0000, 0x1000, 7, 0], #HERE\n"),
     region("0x80800000 to 0x80800fff overlaps memory_regions[1] (0x80000000 to 0x80ffffff); move one", 2)),
    ("over the interrupt controller", vm(RAM, "    [0x0c00_0000, 0x1000, 0x17, 0],\n" + RAM + "[0x0800_0000, 0x1000, 7, 0], #HERE\n"),
     region("overlaps the guest's interrupt distributor (0x8000000 to 0x800ffff); move it", 2)),
]

DMA = [
    ("not said", OWN + SLOTS + system('[[vm]]\n', '[[vm]] #HERE\n'),
     at(SYSTEM, "vm[0].dma: is missing: a is given virtio0, which can write anywhere in memory, as there is no IOMMU; say that you "
        'accept it with dma = "unprotected"')),
    ("other words", OWN + SLOTS + [("system", 'file = "a"\n', 'file = "a"\ndma = "yes" #HERE\n')],
     at(SYSTEM, 'vm[0].dma: "yes" is not known; give one of unprotected')),
    ("no device for it", [HERE], at(SYSTEM, "vm[0].dma: a has no device that can do DMA; remove this")),
    ("memory elsewhere", vm("    [0x8000_0000, 0x0100_0000, 0x7, 0],", "    [0x8000_0000, 0x0100_0000, 0x7, 0], #HERE") + SLOTS
     + [("system", 'file = "a"\n', 'file = "a"\ndma = "unprotected"\n')],
     region("0x80000000 is not the machine's address of this memory, and virtio0 would write there; give map_type 1 "
            "(MapIdentical), or leave the device out", 0)),
    ("a device of another core", [passed('["clock", 0x0901_0000, 0x0901_0000, 0x1000, 0] #HERE\n')]
     + vm('backend = "disk"\nfirst_sector = 1024\n', "") + vm('server = "pl011"', 'server = "pl011"\nbackend = "memory"')
     + vm('"emu"', '"pt"') + system('file = "a"\n', 'file = "a"\ncore = 1\n'),
     at(VM, "devices.passthrough_devices[0]: rtc interrupts core 0 alone, and a runs on core 1; place the VM on core 0, or leave the "
        "device out")),
]
