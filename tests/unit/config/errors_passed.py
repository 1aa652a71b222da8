# SPDX-License-Identifier: BSD-2-Clause
"""One mistake per case, in memory by the machine's addresses, what is passed through and what is emulated; form as in errors.py."""
from errors import REGIONS as RAM, SYSTEM, TWICE, VM, at, system, vm

IDENTICAL = "[0x5000_0000, 0x20_0000, 7, 1]"


def passed(entry):
    return vm("passthrough_devices = []", f"passthrough_devices = [{entry}] #HERE")


def emulated(*entries):
    return vm("emu_devices = []", "emu_devices = [" + ", ".join(entries) + "] #HERE")


def entry(text, i=0):
    return at(VM, f"devices.passthrough_devices[{i}]: {text}")


def row(text, i=0):
    return at(VM, f"devices.emu_devices[{i}]: {text}")


def second(changes):
    """The file twice, as two VMs; the disk is in memory so that only what is tested is in the way."""
    return changes + vm('backend = "disk"\nfirst_sector = 1024\n', "") + system(
        None, TWICE.replace("#HERE", "") + 'id = 2\nname = "b"\n')


REGIONS = [
    ("MapIdentical outside of the machine's memory", vm("0x7, 0],", "0x7, 1], #HERE"),
     at(VM, "kernel.memory_regions[0]: 0x80000000 to 0x80ffffff is not in the memory of board (0x40000000 to 0x5fffffff); "
        "move it, or give map_type 0 (MapAlloc)")),
    ("MapIdentical of two VMs", second(vm(RAM, RAM + IDENTICAL + ", #HERE\n")),
     at(VM, "kernel.memory_regions[1]: 0x50000000 to 0x501fffff overlaps memory of the VM a (0x50000000 to 0x501fffff); move "
        "one, or give map_type 0 (MapAlloc)")),
]

PASSTHROUGH = [
    ("no device there", passed('["eth", 0, 0x0b00_0000, 0x1000, 1]'),
     entry("eth (0xb000000 to 0xb000fff): board has no device there; correct base_hpa, or remove it")),
    ("of the kernel's", passed('["gic", 0, 0x0800_f000, 0x9000, 1]'),
     entry("gic: overlaps the kernel's interrupt distributor (0x8000000 to 0x800ffff), which no VM can have; leave it out")),
    ("of the cores' memory", passed('["ram", 0, 0x4000_0000, 0x1000, 1]'),
     entry("ram: overlaps the memory of the cores (0x40000000 to 0x5fffffff); list memory in kernel.memory_regions")),
    ("of a driver", passed('["uart", 0x0900_0800, 0x0900_0800, 0x100, 1]'),
     entry("uart: overlaps uart (0x9000000 to 0x9000fff) of the driver uart; leave it out, or remove the driver")),
    ("in a driver's page", passed('["slot", 0, 0x0a00_1000, 0x200, 1]'),
     entry("slot: overlaps virtio15 (0xa001e00 to 0xa001fff) of the driver disk; leave it out, or remove the driver")),
    ("length 0", passed('["rtc", 0x0901_0000, 0x0901_0000, 0, 1]'), entry("rtc: has length 0; give its bytes")),
    ("numbers left out", passed('["rtc", 0x0901_0000]'), entry("rtc: has length 0; give its bytes")),
    ("misaligned", passed('["rtc", 0x0901_0100, 0x0901_0000, 0x1000, 1]'),
     entry("rtc: 0x9010100 and 0x9010000 are at different places of a page; make them differ by a multiple of 0x1000")),
    ("twice in the machine", passed('["a", 0x0100_0000, 0x0901_0000, 0x1000, 1], ["b", 0x0200_0000, 0x0901_0000, 0x1000, 1]'),
     entry("b (0x9010000 to 0x9010fff) overlaps a (0x9010000 to 0x9010fff) at configs/vms/a.toml:20; join them, or move one", 1)),
    ("twice in the VM", passed('["a", 0x0100_0000, 0x0901_0000, 0x1000, 1], ["b", 0x0100_0000, 0x0a00_0000, 0x1000, 1]'),
     entry("b (0x1000000 to 0x1000fff) overlaps a (0x1000000 to 0x1000fff) at configs/vms/a.toml:20; join them, or move one", 1)),
    ("of two VMs", second(passed('["rtc", 0x0901_0000, 0x0901_0000, 0x1000, 1]')),
     entry("rtc: overlaps rtc (0x9010000 to 0x9010fff) of the VM a; give it to one of them")),
    ("over memory", passed('["rtc", 0x8000_0000, 0x0901_0000, 0x1000, 1]'),
     entry("rtc: 0x80000000 to 0x80000fff overlaps memory_regions[0] (0x80000000 to 0x80ffffff); move it")),
    ("over the interrupt controller", passed('["rtc", 0x080a_0000, 0x0901_0000, 0x1000, 1]'),
     entry("rtc: 0x80a0000 to 0x80a0fff overlaps the guest's interrupt redistributors (0x80a0000 to 0x80bffff); move it")),
    ("over a served device", vm("passthrough_devices = []", 'passthrough_devices = [["rtc", 0x0900_0000, 0x0901_0000, 0x1000, 1]]'),
     "configs/vms/a.toml:26: skerry.device[0].base: 0x9000000 overlaps rtc (0x9000000 to 0x9000fff); move it"),
    ("out of reach", passed('["rtc", 0xffff_ffff_f000, 0x0901_0000, 0x1001, 1]'),
     entry("rtc: ends at 0x1000000001000; guests have 48 address bits at most, move it below 0x1000000000000")),
    ("passthrough_addresses", vm("interrupt_mode", "passthrough_addresses = [[0, 4096]] #HERE\ninterrupt_mode"),
     at(VM, "devices.passthrough_addresses[0]: address0 (0x0 to 0xfff): board has no device there; correct base_hpa, or "
        "remove it")),
]

PATHS = [
    ("no node", passed('["/pl031@9010001"]'),
     entry('"/pl031@9010001" is no node of board; correct the path, or add it to configs/boards/board.toml')),
    ("node of the kernel's", passed('["/intc@8000000"]'),
     entry("/intc@8000000 is the kernel's interrupt distributor, which no VM can have; leave it out")),
    ("node that is no device", passed('["/timer"]'), entry("/timer is no device: each VM has its own; leave it out")),
    ("node of a driver", passed('["/pl011@9000000"]'),
     entry("/pl011@9000000: overlaps uart (0x9000000 to 0x9000fff) of the driver uart; leave it out, or remove the driver")),
    ("excluded is no node", vm("interrupt_mode", 'excluded_devices = [["/pl031"]] #HERE\ninterrupt_mode'),
     at(VM, 'devices.excluded_devices[0]: "/pl031" is no node of board; correct the path, or add it to '
        "configs/boards/board.toml")),
    ("excluded in the page", vm('passthrough_devices = []\n', 'passthrough_devices = [["/"]] #HERE\n'
                                'excluded_devices = [["/timer"], ["/virtio_mmio@a000200"]]\n'),
     entry("/virtio_mmio@a000000: /virtio_mmio@a000200 is in these pages, and excluded_devices[1] excludes it; shorten this, or "
           "remove that")),
]

MANY = [f'["{i}", 0, 0, 0, 0, []]' for i in range(17)]
CONSOLES = [f'["{i}", 0x0c0{i:x}_0000, 0x1000, {i + 50}, 0x2, []]' for i in range(15)]

EMULATED = [
    ("too many", emulated(*MANY), at(VM, "devices.emu_devices: has 17 devices; at most 16 fit, remove some")),
    ("too many servers", emulated(*CONSOLES), row("14: is one device with a server too many; at most 16 fit, remove some", 14)),
    ("a long name", emulated(f'["{"é" * 16}", 0, 0, 0, 0, []]'), row("the name has 32 bytes; at most 31 fit, shorten it")),
    ("a long cfg", emulated('["a", 0, 0, 0, 0, [1, 2, 3, 4, 5]]'),
     row("cfg has 5 numbers; at most 4 mean something, remove the others")),
    ("cfg of text", emulated('["a", 0, 0, 0, 0, ["x"]]'), at(VM, 'devices.emu_devices[0][5][0]: must be an integer, not "x"')),
    ("riscv's controller", emulated('["plic", 0x0c00_0000, 0x60_0000, 0, 0x30, [2]]'),
     row("plic: emu_type 0x30 (PPPTGlobal) is riscv64's interrupt controller, and this board is of aarch64; remove it: the VM "
         "has a GICv3")),
    ("net", emulated('["net", 0x0b00_0000, 0x1000, 50, 0xe2, []]'),
     row("net: this system has no switch; add a [[switch]]")),
    ("two distributors", emulated('["a", 0x0800_0000, 0x1_0000, 0, 0x21, []]', '["b", 0x0900_0000, 0x1_0000, 0, 0x21, []]'),
     row("b: there is another device of emu_type 0x21; remove one", 1)),
    ("the whole and a part", emulated('["a", 0x0800_0000, 0x1_0000, 0, 0x1, []]', '["b", 0x0900_0000, 0x1_0000, 0, 0x21, []]'),
     row("b: emu_type 0x1 is the whole interrupt controller, and emu_type 0x21 a part of it; remove one", 1)),
    ("moved distributor", vm("emu_devices = []", 'emu_devices = [["a", 0x0900_0000, 0x1_0000, 0, 0x21, []]]'),
     "configs/vms/a.toml:26: skerry.device[0].base: 0x9000000 overlaps the guest's interrupt distributor (0x9000000 to "
     "0x900ffff); move it"),
    ("misaligned distributor", emulated('["a", 0x0800_1000, 0x1_0000, 0, 0x21, []]'),
     row("a: 0x8001000 is not a multiple of 0x10000; align it")),
    ("short redistributors", emulated('["a", 0x080a_0000, 0x1_0000, 0, 0x20, [1, 0x2_0000, 0]]'),
     row("a: has 0x10000 bytes, and the VM's interrupt redistributors 0x20000; enlarge it")),
    ("redistributors without cfg", emulated('["a", 0x080a_0000, 0x2_0000, 0, 0x20, [1, 0x2_0000]]'),
     row("a: cfg has 2 numbers; give [cpu_num, stride, pcpu_id]")),
    ("redistributors of others", emulated('["a", 0x080a_0000, 0x4_0000, 0, 0x20, [2, 0x2_0000, 0]]'),
     row("a: cfg says 2 redistributors 0x20000 apart; the VM has 1, 0x20000 apart")),
    ("ITS without cfg", emulated('["a", 0x0808_0000, 0x2_0000, 0, 0x22, []]'), row("a: cfg has 0 numbers; give [host_gits_base]")),
    ("ITS over the redistributors", emulated('["a", 0x080a_0000, 0x2_0000, 0, 0x22, [0]]'),
     at(VM, "devices.emu_devices: the guest's interrupt redistributors (0x80a0000 to 0x80bffff) overlaps the guest's interrupt "
        "translation service (0x80a0000 to 0x80bffff); move one")),
    ("channels of no pages", emulated('["ivc", 0x0b00_0000, 0x800, 0, 0xa, []]'),
     row("ivc: length 0x800 must be a multiple of 0x1000; each channel takes whole pages")),
    ("channels over memory", vm("emu_devices = []", 'emu_devices = [["ivc", 0x8000_0000, 0x1000, 0, 0xa, []]]')
     + vm("0x7, 0],", "0x7, 0], #HERE"),
     at(VM, "kernel.memory_regions[0]: overlaps the channels' addresses ivc (0x80000000 to 0x80000fff); move it")),
    ("console off its page", emulated('["con", 0x0b00_0200, 0x200, 50, 0x2, []]'),
     row("con: 0xb000200 is not a multiple of 0x1000; a page belongs to one server")),
    ("console too long", emulated('["con", 0x0b00_0000, 0x2000, 50, 0x2, []]'),
     row("con: length 0x2000 is not possible; give up to 0x1000")),
    ("console without interrupt", emulated('["con", 0x0b00_0000, 0x1000, 0, 0x2, []]'),
     row("con: irq_id 0 is out of range; give 32 to 255; SPI n is 32 + n")),
    ("same interrupt", emulated('["con", 0x0b00_0000, 0x1000, 33, 0x2, []]'),
     row("con: 33 is uart0's at configs/vms/a.toml:28; give another")),
    ("disk without cfg", emulated('["blk", 0x0b00_0000, 0x1000, 50, 0xe1, []]'),
     row("blk: cfg [] is no disk; give [first_sector, sectors] of the system's disk, or [sectors] for one in memory; a sector "
         "has 512 bytes")),
    ("disk of no sectors", emulated('["blk", 0x0b00_0000, 0x1000, 50, 0xe1, [7, 0]]'),
     row("blk: cfg [7, 0] is no disk; give [first_sector, sectors] of the system's disk, or [sectors] for one in memory; a "
         "sector has 512 bytes")),
    ("disk past the system's", emulated('["blk", 0x0b00_0000, 0x1000, 50, 0xe1, [4000, 97]]'),
     row("blk: the range ends at sector 4097, and disk has 4096; shorten it")),
]
