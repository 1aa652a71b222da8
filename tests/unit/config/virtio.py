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


TESTS = {
    "a virtio console": console,
    "a virtio console by its type": console_of_type,
    "a virtio console without the console": console_alone,
}
