# SPDX-License-Identifier: BSD-2-Clause
"""Virtio devices of a VM beside its disk: what their servers are granted and told."""
import os
import tempfile

import config_pb2 as pb
import fixture
import services_pb2 as cfg
from skerryc.compile import compile_system

DEVICE = """
[[skerry.device]]
name = "{name}"
compatible = "virtio,mmio"
base = 0x0b00_0000
length = 0x1000
irq = 60
server = "{server}"
"""


def same(value, expected):
    if value != expected:
        raise AssertionError(f"is {value!r}, expected {expected!r}")


def manifest(top, *changes):
    with tempfile.TemporaryDirectory() as directory:
        fixture.Project(directory, os.path.join(top, "idl")).edit(list(changes))
        return compile_system("s", directory).manifests[0]


def services(result):
    return {s.name: s for s in result.services}


def grants(service):
    return {g.name: (g.kind, g.object, g.badge) for g in service.grants}


def served(result, name):
    config = pb.VmConfig.FromString(services(result)["vmm.a"].config)
    return next((d.compatible, d.base, d.irq, d.doorbell_offset, d.doorbell_queues) for d in config.devices if d.name == name)


def console(top):
    result = manifest(top, ("vm", None, DEVICE.format(name="hvc0", server="virtio-console")))
    check_console(result, "hvc0", 60)
    same(grants(services(result)["vmm.a"])["hvc0.bell"], (pb.GRANT_SIGNAL, "hvc0.a", 3))


def check_console(result, name, irq):
    """The VM has a serial port as well: two clients of the console, with prefixes that differ."""
    server = services(result)[f"{name}.a"]
    same(server.image, "virtio-console")
    same(served(result, name), ("virtio,mmio", 0x0b000000, irq, 0x50, 2))
    config = cfg.VirtioConsoleConfig.FromString(server.config)
    same((config.backend, config.queues, [(r.gpa, r.size) for r in config.ram]),
         (cfg.VirtioConsoleConfig.CONSOLE, 2, [(0x80000000, 0x1000000)]))
    own = grants(server)
    same({key: own[key][:2] for key in ("tx", "rx", "state", "ledger", "ram0")},
         {key: (pb.GRANT_MEMORY, f"{key}.{'a' if key == 'ram0' else name + '.a'}") for key in ("tx", "rx", "state", "ledger", "ram0")})
    same(own["console"], (pb.GRANT_SIGNAL, "console", 2))
    clients = cfg.ConsoleConfig.FromString(services(result)["console"].config).clients
    same([(c.name, c.prefix, c.bit) for c in clients], [("uart0.a", "[a] ", 0), (f"{name}.a", f"[{name}.a] ", 1)])
    same(grants(services(result)["console"])["client1"], (pb.GRANT_SIGNAL, f"{name}.a", 1))


def console_of_type(top):
    row = '["hvc", 0x0b00_0000, 0x200, 61, 0xe3, []]'
    check_console(manifest(top, ("vm", "emu_devices = []", f"emu_devices = [{row}]")), "hvc", 61)


def console_alone(top):
    text = DEVICE.format(name="hvc0", server="virtio-console") + 'backend = "memory"\n'
    server = services(manifest(top, ("vm", None, text)))["hvc0.a"]
    same(cfg.VirtioConsoleConfig.FromString(server.config).backend, cfg.VirtioConsoleConfig.MEMORY)
    same({"tx", "rx", "console"} & set(grants(server)), set())


def protected(top):
    """What the guest cannot write its devices do not have, and what touches comes in order."""
    more = ("vm", "    [0x8000_0000, 0x0100_0000, 0x7, 0],\n", "    [0x8100_0000, 0x20_0000, 0x7, 0],\n    [0x8000_0000, 0x0100_0000, 0x7, 0],\n"
            "    [0x8200_0000, 0x20_0000, 0x5, 0],\n")
    lan = ("system", None, '\n[[switch]]\nname = "lan"\n')
    expected = [(0x80000000, 0x1000000), (0x81000000, 0x200000)]
    for server, config, change in (("virtio-console", cfg.VirtioConsoleConfig, [("vm", None, DEVICE.format(name="x", server="virtio-console"))]),
                                   ("virtio-net", cfg.VirtioNetConfig, [("vm", None, NET.replace("net0", "x")), lan])):
        service = services(manifest(top, more, *change))["x.a"]
        same((server, [(r.gpa, r.size) for r in config.FromString(service.config).ram]), (server, expected))
        same([g.base for g in service.grants if g.name.startswith("ram")], [base for base, _ in expected])


SWITCH = ("system", None, '\n[[switch]]\nname = "lan"\n\n[[vm]]\nfile = "b"\n')
NET = DEVICE.format(name="net0", server="virtio-net") + 'backend = "lan"\n'


def network(top):
    """Two VMs and their switch: addresses, rings, signals, all ends of them."""
    with tempfile.TemporaryDirectory() as directory:
        project = fixture.Project(directory, os.path.join(top, "idl"))
        other = fixture.VM.replace('id = 1\nname = "a"', 'id = 0x1_0203\nname = "b"').replace('backend = "disk"\nfirst_sector = 1024\n', "")
        project.write("configs/vms/b.toml", (other + NET + 'mac = "02:00:5e:00:53:01"\n').encode())
        project.edit([SWITCH, ("vm", None, NET)])
        result = compile_system("s", directory).manifests[0]
    same(served(result, "net0"), ("virtio,mmio", 0x0b000000, 60, 0x50, 2))
    addresses = {"net0.a": 0x02534b000102, "net0.b": 0x02005e005301}
    lan = services(result)["lan"]
    same((lan.image, lan.group), ("switch", 0))
    same([(p.name, p.address) for p in cfg.SwitchConfig.FromString(lan.config).ports], list(addresses.items()))
    sizes = {m.name: (m.size, m.survives, m.group) for m in result.memories}
    for i, (name, address) in enumerate(addresses.items()):
        server = services(result)[name]
        config = cfg.VirtioNetConfig.FromString(server.config)
        same((server.image, config.address, config.queues, len(config.ram)), ("virtio-net", address, 2, 1))
        same(grants(server)["switch"], (pb.GRANT_SIGNAL, "lan", 1 << i))
        same(grants(lan)[f"port{i}"], (pb.GRANT_SIGNAL, name, 1))
        for ring, end in (("tx", "from"), ("rx", "to")):
            same((grants(server)[ring][1], grants(lan)[f"{end}{i}"][1]), (f"{ring}.{name}",) * 2)
            same(sizes[f"{ring}.{name}"], (0x21000, True, 0))


def network_of_type(top):
    """cfg may give the address; without it, it follows from the VM's id and the device's place."""
    rows = '["n", 0x0b00_0000, 0x200, 61, 0xe2, []], ["m", 0x0b00_1000, 0x200, 62, 0xe2, [0x0200_0000_0007]]'
    result = manifest(top, ("vm", "emu_devices = []", f"emu_devices = [{rows}]"), ("system", None, '\n[[switch]]\nname = "lan"\n'))
    same([cfg.VirtioNetConfig.FromString(services(result)[name].config).address for name in ("n.a", "m.a")],
         [0x02534b000102, 0x020000000007])
    same(served(result, "n"), ("virtio,mmio", 0x0b000000, 61, 0x50, 2))


TESTS = {
    "a virtio console": console,
    "a virtio console by its type": console_of_type,
    "a virtio console without the console": console_alone,
    "memory of a virtio console and a network device": protected,
    "a network of two VMs": network,
    "a network device by its type": network_of_type,
}
