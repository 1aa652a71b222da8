# SPDX-License-Identifier: BSD-2-Clause
"""One mistake per case, in devices, boards and systems; form as in errors.py."""
from errors import BOARD, DISK0, SYSTEM, TWICE, UART0, VM, at, system, vm

CONSOLE = '[console]\ndriver = "uart"\n'
OTHER = '\n[[service]]\nname = "one"\nimage = "x"\ncalls = ["two"]\n'

DEVICES = [
    ("base not on a page", vm(DISK0, DISK0.replace("0a00_0000", "0a00_0200 #HERE")),
     at(VM, "skerry.device[1].base: 0xa000200 is not a multiple of 0x1000; a page belongs to one server")),
    ("length not of pages", vm(DISK0, DISK0.replace("0x1000", "0x200 #HERE")),
     at(VM, "skerry.device[1].length: 0x200 is not a multiple of 0x1000; a page belongs to one server")),
    ("length of some pages", vm(DISK0, DISK0.replace("0x1000", "0x3000 #HERE")),
     at(VM, "skerry.device[1].length: 0x3000 is not possible; give 0x1000, or 0x200000 with a base that is a multiple of it")),
    ("length of a block off its boundary", vm(DISK0, DISK0.replace("0x0a00_0000", "0x0a00_1000").replace(
        "0x1000\n", "0x20_0000 #HERE\n")),
     at(VM, "skerry.device[1].length: 0x200000 is not possible; give 0x1000, or 0x200000 with a base that is a multiple of it")),
    ("length 0", vm(DISK0, DISK0.replace("0x1000", "0 #HERE")),
     at(VM, "skerry.device[1].length: is 0; give the device's size in bytes")),
    ("devices overlap", vm(DISK0, DISK0.replace("0x0a00_0000", "0x0900_0000 #HERE")),
     at(VM, "skerry.device[1].base: 0x9000000 to 0x9000fff overlaps uart0 (0x9000000 to 0x9000fff); move one")),
    ("device in memory", vm(DISK0, DISK0.replace("0x0a00_0000", "0x80ff_f000 #HERE")),
     at(VM, "skerry.device[1].base: 0x80fff000 overlaps memory_regions[0] (0x80000000 to 0x80ffffff); move it")),
    ("device over the interrupt controller", vm(DISK0, DISK0.replace("0x0a00_0000", "0x080b_f000 #HERE")),
     at(VM, "skerry.device[1].base: 0x80bf000 overlaps the guest's interrupt redistributors (0x80a0000 to 0x80bffff); "
        "move it")),
    ("device out of reach", vm(DISK0, DISK0.replace("0x0a00_0000", "0x1_0000_0000_0000 #HERE")),
     at(VM, "skerry.device[1].base: 0x1000000000000 is out of a guest's reach; move it below 0x1000000000000")),
    ("same name", vm('"disk0"', '"uart0" #HERE'),
     at(VM, 'skerry.device[1].name: "uart0" is the name of another device at configs/vms/a.toml:23; rename one')),
    ("same irq", vm(DISK0, DISK0.replace("48", "33 #HERE")),
     at(VM, "skerry.device[1].irq: 33 is uart0's at configs/vms/a.toml:28; give another")),
    ("private irq", vm(UART0, UART0.replace("33", "27 #HERE")),
     at(VM, "skerry.device[0].irq: 27 is out of range; give 32 to 255")),
    ("uart backend", vm('server = "pl011"', 'server = "pl011"\nbackend = "file" #HERE'),
     at(VM, 'skerry.device[0].backend: "file" is not known; give one of console, memory')),
    ("no such disk driver", vm('"disk"', '"disc" #HERE'),
     at(VM, 'skerry.device[1].backend: "disc" is no disk driver of this system; give disk, memory')),
    ("range past the disk", vm("first_sector = 1024\nsectors = 2048", "first_sector = 2049\nsectors = 2048 #HERE"),
     at(VM, "skerry.device[1].sectors: the range ends at sector 4097, and disk has 4096; shorten it")),
    ("disk of size 0", vm("sectors = 2048", "sectors = 0 #HERE"),
     at(VM, "skerry.device[1].sectors: 0 is out of range; give 1 to 1099511627776")),
    ("range of a memory disk", vm('backend = "disk"\nfirst_sector = 1024', 'first_sector = 1024 #HERE'),
     at(VM, "skerry.device[1].first_sector: means nothing for a disk in memory; remove it")),
    ("backend of another server", vm('"virtio-blk"\nbackend = "disk"\nfirst_sector = 1024\nsectors = 2048',
                                     '"mine"\nbackend = "disk" #HERE'),
     at(VM, 'skerry.device[1].backend: is not known for the server "mine"; remove it')),
    ("too many devices", vm(None, "".join(f'\n[[skerry.device]]{" #HERE" if i == 14 else ""}\nname = "d{i}"\ncompatible = "x"\n'
                                          f'base = 0x0d0{i:x}_0000\nlength = 0x1000\nirq = {i + 100}\nserver = "mine"\n'
                                          for i in range(15))),
     at(VM, "skerry.device[16]: is one device too many; at most 16 fit, remove some")),
    ("no console there", system('file = "a"', 'file = "a"\ncore = 1'),
     'configs/vms/a.toml:23: skerry.device[0].backend: there is no console on core 1, where a runs; give backend = "memory"'),
    ("disk of another core", [("system", 'file = "a"', 'file = "a"\ncore = 1'),
                              ("vm", 'server = "pl011"', 'server = "pl011"\nbackend = "memory"'),
                              ("vm", '"disk"', '"disk" #HERE')],
     at(VM, 'skerry.device[1].backend: disk is on core 0, and a on core 1; give backend = "memory", or place the VM there')),
]

VMS = [
    ("no such VM file", system('file = "a"', 'file = "b" #HERE'),
     at(SYSTEM, 'vm[0].file: "b" has no file configs/vms/b.toml; correct the name')),
    ("same id", system(None, TWICE + 'name = "b"\n'),
     at(SYSTEM, "vm[1].id: 1 is also that of the VM at configs/systems/s.toml:25; give this one another id")),
    ("same name", system(None, TWICE + "id = 2\n"),
     at(SYSTEM, "vm[1].name: a is also that of the VM at configs/systems/s.toml:25; give this one another name")),
    ("services of the same name", system(None, TWICE.replace("#HERE", "") + 'id = 2\nname = "vm3" #HERE\n'
                                         + TWICE.replace("#HERE", "") + 'id = 3\nname = "a-long-name-here"\n'),
     "configs/systems/s.toml:36: vm[2].name: \"vm3\" names the services of two VMs; rename one"),
    ("disks overlap", system(None, TWICE.replace("#HERE", "") + 'id = 2\nname = "b"\n'),
     "configs/vms/a.toml:39: skerry.device[1].first_sector: sectors 1024 to 3071 overlap those of disk0.a (1024 to 3071); "
     "move one, or make both read_only"),
    ("no such guest", system('file = "a"', 'file = "a"\nguest = "none.bin" #HERE'),
     at(SYSTEM, 'vm[0].guest: "none.bin" does not exist, here or below the project\'s directory; build it, or correct the '
        "name")),
    ("no such core", system('file = "a"', 'file = "a"\ncore = 2 #HERE'),
     at(SYSTEM, "vm[0].core: 2 is not in this system; add a [[core]] with that number, or give another")),
]

CORES = [
    ("no such board", system('board = "board"', 'board = "boart" #HERE'),
     at(SYSTEM, 'board: "boart" has no file configs/boards/boart.toml; correct the name')),
    ("core not of the board", system("number = 1", "number = 2 #HERE"),
     at(SYSTEM, "core[1].number: 2 is not a core of board, which has 0 to 1")),
    ("core twice", system("number = 1", "number = 0 #HERE"),
     at(SYSTEM, "core[1].number: is 0; list the cores in order from 0 without gaps (here: 1)")),
    ("two take the rest", system("ram_mib = 256\n\n[[core]]", "\n[[core]] #HERE"),
     at(SYSTEM, "core[1]: takes what the others leave, as another core does already; give ram_mib")),
    ("odd memory", system("ram_mib = 256", "ram_mib = 255 #HERE"),
     at(SYSTEM, "core[0].ram_mib: 255 is odd; give a multiple of 2")),
    ("more memory than there is", system("number = 1", "number = 1\nram_mib = 256 #HERE"),
     at(SYSTEM, "core[1].ram_mib: the cores' memory is more than the 512 MiB of board; lower it")),
    ("waits for itself", system("ram_mib = 256", "ram_mib = 256\nawait = [0] #HERE"),
     at(SYSTEM, "core[0].await[0]: 0 is not another core of this system; remove it")),
    ("when_off", system("ram_mib = 256", 'ram_mib = 256\nwhen_off = "explode" #HERE'),
     at(SYSTEM, 'core[0].when_off: "explode" is not known; give one of system-off, core-off, nothing')),
]

SERVICES = [
    ("service init", system(None, '\n[[service]]\nname = "init" #HERE\nimage = "x"\n'),
     at(SYSTEM, 'service[0].name: "init" is the name of what starts all others; give another')),
    ("callee twice", system(None, '\n[[service]]\nname = "x"\nimage = "x"\ncalls = ["uart", "uart"] #HERE\n'),
     at(SYSTEM, 'service[0].calls[1]: "uart" is there twice; remove one')),
    ("driver of the kernel's", system('device = "uart"', 'device = "gic" #HERE'),
     at(SYSTEM, 'driver[0].device: "gic" belongs to the kernel; no driver can have it')),
    ("driver beside core 0", system('device = "uart"', 'device = "uart"\ncore = 1 #HERE'),
     at(SYSTEM, "driver[0].core: is 1, but devices interrupt core 0 alone; remove this")),
    ("no such device", system('device = "uart"', 'device = "uart9" #HERE'),
     at(SYSTEM, 'driver[0].device: "uart9" is not in configs/boards/board.toml; correct the name')),
    ("driver of another device", system('image = "pl011-driver"', 'image = "cadence-uart-driver" #HERE'),
     at(SYSTEM, "driver[0].image: cadence-uart-driver is not for uart (arm,pl011, arm,primecell); give pl011-driver")),
    ("no driver known", system('[[driver]]\nname = "uart"\nimage = "pl011-driver"\ndevice = "uart"', '[[driver]] #HERE\nname = "uart"\ndevice = "rtc"'),
     at(SYSTEM, "driver[0].image: is missing: no driver here is for rtc (arm,pl031); name the program")),
    ("DMA not accepted", system('[[driver]]\nname = "disk"', '[[driver]] #HERE\nname = "disk"')
     + system('dma = "unprotected"\n', ""),
     at(SYSTEM, "driver[1].dma: is missing: without an IOMMU, virtio15 can write anywhere in memory; say that you accept it "
        'with dma = "unprotected"')),
    ("DMA in other words", system('"unprotected"', '"yes" #HERE'),
     at(SYSTEM, 'driver[1].dma: "yes" is not known; give one of unprotected')),
    ("DMA without need", system('device = "uart"', 'device = "uart"\ndma = "unprotected" #HERE'),
     at(SYSTEM, "driver[0].dma: uart cannot do DMA; remove this")),
    ("two drivers in a page", system(CONSOLE, '[[driver]]\nname = "x"\nimage = "x"\ndevice = "virtio8" #HERE\n'
                                     'dma = "unprotected"\n\n' + CONSOLE),
     at(SYSTEM, "driver[2].device: virtio8 is in the same page as virtio15 of the driver disk; one page belongs to one "
        "driver, remove one")),
    ("console's driver", system('driver = "uart"', 'driver = "tty" #HERE'),
     at(SYSTEM, 'console.driver: "tty" is not a [[driver]] of this file; correct the name or add it')),
    ("console on another core", system('driver = "uart"', 'driver = "uart"\ncore = 1 #HERE'),
     at(SYSTEM, "console.core: is 1, and the driver uart is on core 0; give both the same core")),
    ("budget", system('driver = "uart"', 'driver = "uart"\nbudget_us = 20000 #HERE'),
     at(SYSTEM, "console.budget_us: 20000 is larger than period_us 10000; lower it")),
    ("budget too small", system('driver = "uart"', 'driver = "uart"\nbudget_us = 9 #HERE'),
     at(SYSTEM, "console.budget_us: 9 is too little; give at least 10, or 0 for none")),
    ("no power of 2", system(None, '\n[[service]]\nname = "one"\nimage = "x"\nuntyped_kib = 12 #HERE\n'),
     at(SYSTEM, "service[0].untyped_kib: 12 cannot be; give a power of 2 from 4 on")),
    ("priority", system('driver = "uart"', 'driver = "uart"\npriority = 50 #HERE'),
     at(SYSTEM, "console.priority: 50 is out of range; give 1 to 49")),
    ("service twice", system(None, '\n[[service]]\nname = "disk" #HERE\nimage = "x"\n'),
     at(SYSTEM, 'service[0].name: "disk" is also the service at configs/systems/s.toml:15; rename one')),
    ("calls nobody", system(None, OTHER.replace('["two"]', '["two"] #HERE')),
     at(SYSTEM, 'service[0].calls[0]: "two" is no service of core 0; correct the name')),
    ("calls in a circle", system(None, OTHER + '\n[[service]]\nname = "two"\nimage = "x"\ncalls = ["three"]\n'
                                 '\n[[service]]\nname = "three"\nimage = "x"\ncalls = ["two"]\n'),
     "configs/systems/s.toml:33: service[1]: calls go in a circle: two -> three -> two; calls go down only, use a signal "
     "for one of them"),
    ("calls itself", system(None, OTHER.replace("two", "one").replace("[[service]]", "[[service]] #HERE")),
     at(SYSTEM, "service[0]: calls go in a circle: one -> one; calls go down only, use a signal for one of them")),
    ("too many services", system(None, "".join(f'\n[[service]]\nname = "s{i}"\nimage = "x"\n' for i in range(19))),
     "configs/systems/s.toml:3: core[0]: Manifest.services would have 25 entries; at most 24 fit, use fewer devices or VMs "
     "here"),
]

BOARDS = [
    ("device over the kernel's", [("board", "base = 0x0900_0000", "base = 0x0800_8000 #HERE")],
     at(BOARD, "device[0].base: overlaps the kernel's interrupt distributor (0x8000000 to 0x800ffff); give the device's own "
        "range")),
    ("device twice", [("board", 'name = "uart"', 'name = "virtio3"'), ("board", 'name = "virtio"', 'name = "virtio" #HERE')],
     at(BOARD, 'device[2].name: "virtio3" is there twice; rename one')),
    ("device beyond all addresses", [("board", "base = 0x0901_0000", "base = 0xffff_ffff_f000 #HERE"), ("board", "size = 0x1000\nirq = 34",
                                                                                                  "size = 0x2000\nirq = 34")],
     at(BOARD, "device[1].base: ends at 0x1000000001000; addresses have 48 bits at most, correct it, size or count")),
    ("core twice", [("board", "[0x0, 0x100]", "[0x0, 0x0] #HERE")],
     at(BOARD, "cpus: must list each core's hardware id once; correct the list")),
    ("no path of a node", [("board", '"/pl031@9010000"', '"pl031" #HERE')],
     at(BOARD, 'device[1].path: "pl031" is no path of a node; give one such as "/pl031@9010000"')),
    ("compatible too long", [("board", '["arm,pl031"]', f'["{"x" * 32}"] #HERE')],
     at(BOARD, "device[1].compatible: must be up to 4 names of 1 to 31 characters; take those of the device's node")),
    ("ranges of memory overlap", [("board", "[ram]\n", "[[ram]]\n"),
                                  ("board", "[[kernel]]", "[[ram]]\nbase = 0x4fff_f000 #HERE\nsize = 0x1000\n\n[[kernel]]")],
     at(BOARD, "ram[1].base: 0x4ffff000 is not behind the range before, which ends at 0x5fffffff; correct one")),
]
