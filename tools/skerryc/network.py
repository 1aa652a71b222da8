# SPDX-License-Identifier: BSD-2-Clause
"""A [[switch]] of the system file, and the VMs' network devices, its ports: their part of a manifest."""
import config_pb2 as pb
import services_pb2 as cfg

PORTS = 8             # SWITCH_PORTS
FRAMES = 0x21000      # FRAMES_BYTES of services/lib/frames.h
PORT_BIT = 1 << 0     # of a device's own signal: the switch
READ, WRITE = 1, 2
VENDOR = 0x02534b     # the first half of addresses that no file gives; 02: administered locally


class Network:
    """The switches of one core as the manifest grows."""

    def __init__(self, builder, grant):
        self.builder = builder
        self.grant = grant
        self.services = {}  # switch name -> service
        self.ports = {}     # switch name -> ports
        for switch in builder.system.switches:
            if switch.core == builder.core.number:
                self.services[switch.name] = builder.service(switch.table, switch.name, "switch", switch.budget)
                self.ports[switch.name] = []

    def add(self, placed, device, service):
        """A port for a VM's device; returns its configuration, but for the VM's memory. The rings outlive the VM: the
        switch goes on.
        """
        name = self.find(placed, device)
        ports, grant = self.ports[name], self.grant
        address = device.address or own_address(placed.vm, device)
        for port in ports:
            if port.address == address:
                raise device.table.error("mac", f"{text(address)} is also the address of {port.name}; give another")
        if len(ports) == PORTS:
            raise device.table.error("backend", f"{name} has {PORTS} ports, and all are taken; add a [[switch]]")
        for ring in ("tx", "rx"):
            memory = self.builder.memory(f"{ring}.{service.name}", FRAMES, survives=True)
            grant(service, ring, pb.GRANT_MEMORY, memory, rights=READ | WRITE)
        grant(service, "switch", pb.GRANT_SIGNAL, name, rights=WRITE, badge=1 << len(ports))
        ports.append(cfg.SwitchPort(name=service.name, address=address))
        return cfg.VirtioNetConfig(address=address, queues=device.queues)

    def find(self, placed, device):
        switches = self.builder.system.switches
        switch = next((switch for switch in switches if switch.name == device.backend), None)
        if switch is None:
            names = ", ".join(switch.name for switch in switches)
            raise device.table.error("backend", f'"{device.backend}" is no [[switch]] of this system; '
                                     + (f"give {names}" if names else "add one"))
        if switch.core != placed.core:
            raise device.table.error("backend", f"{switch.name} is on core {switch.core}, and {placed.vm.name} on core "
                                     f"{placed.core}; give both the same core")
        return switch.name

    def finish(self):
        """The ports are known when the VMs have been added."""
        for name, service in self.services.items():
            for i, port in enumerate(self.ports[name]):
                for key, ring in (("from", "tx"), ("to", "rx")):
                    self.grant(service, f"{key}{i}", pb.GRANT_MEMORY, f"{ring}.{port.name}", rights=READ | WRITE)
                self.grant(service, f"port{i}", pb.GRANT_SIGNAL, port.name, rights=WRITE, badge=PORT_BIT)
            service.config = cfg.SwitchConfig(ports=self.ports[name]).SerializeToString()


def own_address(vm, device):
    """The VM's id, and which of its devices it is."""
    return VENDOR << 24 | (vm.id & 0xffff) << 8 | vm.devices.index(device)


def text(address):
    return ":".join(f"{byte:02x}" for byte in address.to_bytes(6, "big"))
