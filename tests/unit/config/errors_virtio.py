# SPDX-License-Identifier: BSD-2-Clause
"""Mistakes about virtio consoles, network devices and switches."""
from errors import VM, at
from errors_system import SYSTEM

LAN = ("system", None, '\n[[switch]]\nname = "lan"\n')


def device(server, *keys, count=1):
    return [("vm", None, "".join(f"""
[[skerry.device]]
name = "x{i}"
compatible = "virtio,mmio"
base = 0x0b00_{i}000
length = 0x1000
irq = {60 + i}
server = "{server}"
""" + "".join(key + "\n" for key in keys) for i in range(count)))]


def row(text):
    return ("vm", "emu_devices = []", f"emu_devices = [\n    {text}, #HERE\n]")


VIRTIO = [
    ("console's backend", device("virtio-console", 'backend = "file" #HERE'),
     at(VM, 'skerry.device[2].backend: "file" is not known; give one of console, memory')),
    ("no console there", [("system", 'file = "a"', 'file = "a"\ncore = 1'), ("vm", 'server = "pl011"', 'server = "pl011"\nbackend = "memory"'),
                          ("vm", 'backend = "disk"\nfirst_sector = 1024\n', "")] + device("virtio-console", 'backend = "console" #HERE'),
     at(VM, 'skerry.device[2].backend: there is no console on core 1, where a runs; give backend = "memory"')),
    ("no backend", device("virtio-net"),
     "configs/vms/a.toml:42: skerry.device[2].backend: is missing; add a string (the name of a [[switch]] of the system file)"),
    ("no switch", device("virtio-net", 'backend = "lan" #HERE'),
     at(VM, 'skerry.device[2].backend: "lan" is no [[switch]] of this system; add one')),
    ("another switch", [LAN] + device("virtio-net", 'backend = "land" #HERE'),
     at(VM, 'skerry.device[2].backend: "land" is no [[switch]] of this system; give lan')),
    ("switch of another core", [("system", None, '\n[[switch]]\nname = "lan"\ncore = 1\n')] + device("virtio-net", 'backend = "lan" #HERE'),
     at(VM, "skerry.device[2].backend: lan is on core 1, and a on core 0; give both the same core")),
    ("no address", [LAN] + device("virtio-net", 'backend = "lan"', 'mac = "02:00:00:00:00" #HERE'),
     at(VM, 'skerry.device[2].mac: "02:00:00:00:00" is no Ethernet address; give one like "02:00:00:00:00:01"')),
    ("address of a group", [LAN] + device("virtio-net", 'backend = "lan"', 'mac = "03:00:00:00:00:01" #HERE'),
     at(VM, 'skerry.device[2].mac: "03:00:00:00:00:01" is not the address of one device; give one whose first byte is even, such as '
        '"02:00:00:00:00:01"')),
    ("address twice", [LAN] + device("virtio-net", 'backend = "lan"', 'mac = "02:00:00:00:00:01"', count=2),
     "configs/vms/a.toml:60: skerry.device[3].mac: 02:00:00:00:00:01 is also the address of x0.a; give another"),
    ("too many ports", [LAN] + device("virtio-net", 'backend = "lan"', count=9),
     "configs/vms/a.toml:121: skerry.device[10].backend: lan has 8 ports, and all are taken; add a [[switch]]"),
    ("key of another server", device("virtio-console", 'mac = "02:00:00:00:00:01" #HERE'),
     at(VM, "skerry.device[2].mac: unknown key; remove it; known are name, compatible, base, length, irq, server, backend")),
    ("switch of the same name", [("system", None, '\n[[switch]]\nname = "disk" #HERE\n')],
     at(SYSTEM, 'switch[0].name: "disk" is also the service at configs/systems/s.toml:15; rename one')),
    ("address of a type 0xE2", [LAN, row('["n", 0x0b00_0000, 0x200, 61, 0xe2, [0x0300_0000_0001]]')],
     at(VM, "devices.emu_devices[0]: n: cfg [3298534883329] is no Ethernet address of one device; give [0x0200_0000_0001], or [] for "
        "one that follows from the VM's id")),
]
