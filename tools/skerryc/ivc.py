# SPDX-License-Identifier: BSD-2-Clause
"""[ivc] of a system file: which VM may publish which channel, and to whom. The service behind it is services/ivc."""
from dataclasses import dataclass

import config_pb2 as pb
import services_pb2 as cfg

EMU_IVC = 0xa
PAGE = 4096
IRQ_FIRST, IRQ_LAST = 32, 255
LENGTH_MOST = 4 << 20   # of a VM's range: one slot of its VMM for each page
SIZE_MOST = 1 << 20     # of a channel: CHANNEL_PAGES_MOST
PAGES_MOST = 1024       # of a core's service, CHANNEL_PAGES_ALL
CHANNELS, VMS = 16, 16
READ, WRITE, MANAGE = 1, 2, 8
CALL = RAISE = WRITE
NAME = "ivc"


@dataclass
class Channel:
    table: object
    publisher: object  # PlacedVm
    key: int
    size: int
    subscribers: list  # of PlacedVm
    writers: list

    @property
    def vms(self):
        return [self.publisher] + self.subscribers


@dataclass
class Ivc:
    table: object
    budget: object
    channels: list


def device(vm):
    return next((d for d in vm.emu_devices if d[4] == EMU_IVC), None)


def check_device(vm, i):
    """emu_devices[i], of type 0xa: the range that channels appear in, and the interrupt that is their doorbell."""
    name, _, length, irq, *_ = vm.emu_devices[i]
    path = ("devices", "emu_devices", i)
    if length > LENGTH_MOST:
        raise vm.error(path, f"{name}: has 0x{length:x} bytes; at most 0x{LENGTH_MOST:x} are possible, shorten it")
    if irq and not IRQ_FIRST <= irq <= IRQ_LAST:
        raise vm.error(path, f"{name}: irq_id {irq} is out of range; give {IRQ_FIRST} to {IRQ_LAST}, or 0 for no doorbell")
    for other in vm.devices:
        if irq == other.irq:
            raise vm.error(path, f"{name}: irq_id {irq} is {other.name}'s at {other.table.where('irq')}; give another")


def read(table, budget, vms):
    """The table, when all VMs are known."""
    channels = []
    for entry in table.tables("channel"):
        channels.append(read_channel(entry, vms))
        check_unique(channels)
    table.done()
    for placed in vms:
        mine = [c for c in channels if placed in c.vms]
        need, have = sum(c.size for c in mine), (device(placed.vm) or (0, 0, 0))[2]
        if need > have:
            raise mine[-1].table.error("size", f"the channels of {placed.vm.name} have 0x{need:x} bytes, and its range for them "
                                       f"0x{have:x}; lower this, or enlarge the device in its file")
    return Ivc(table, budget, channels)


def read_channel(table, vms):
    publisher = find(table, ("publisher",), table.take("publisher", str, meaning="the name of a [[vm]]"), vms)
    key = table.take("key", int, meaning="a number that both sides know")
    size = table.number("size", PAGE, SIZE_MOST, meaning="bytes, at most")
    if size % PAGE:
        raise table.error("size", f"0x{size:x} is not a multiple of 0x{PAGE:x}; give whole pages")
    subscribers = find_all(table, "subscribers", table.array("subscribers", str), vms)
    writers = find_all(table, "write", table.array("write", str, []), vms)
    table.done()
    if not subscribers:
        raise table.error("subscribers", "is empty; name a VM, or remove the channel")
    if publisher in subscribers:
        raise table.error("subscribers", f"has {publisher.vm.name}, which publishes the channel; remove it")
    for placed in writers:
        if placed not in subscribers:
            raise table.error("write", f"has {placed.vm.name}, which is no subscriber; add it there, or remove it here")
    for placed in subscribers:
        if placed.core != publisher.core:
            raise table.error("subscribers", f"has {placed.vm.name}, which runs on core {placed.core}, and {publisher.vm.name} "
                              f"on core {publisher.core}; nothing crosses cores, place both on one")
    return Channel(table, publisher, key, size, subscribers, writers)


def find(table, key, name, vms):
    path = table.at(*key)
    placed = next((placed for placed in vms if placed.vm.name == name), None)
    if placed is None:
        raise table.document.error(path, f'"{name}" is no [[vm]] of this system; correct the name')
    if device(placed.vm) is None:
        raise table.document.error(path, f"{name} has no device of emu_type 0xa, which channels appear in; add one to "
                                   "emu_devices in its file")
    return placed


def find_all(table, key, names, vms):
    found = [find(table, (key, i), name, vms) for i, name in enumerate(names)]
    for i, placed in enumerate(found):
        if placed in found[:i]:
            raise table.document.error(table.at(key, i), f'"{names[i]}" is there twice; remove one')
    return found


def check_unique(channels):
    *others, new = channels
    for other in others:
        if other.publisher is new.publisher and other.key == new.key:
            raise new.table.error("key", f"{new.key} is another channel of {new.publisher.vm.name} at {other.table.where()}; "
                                  "give another key")


def line(placed):
    return f"{NAME}.{placed.label}"


def channels_of(builder):
    ivc = builder.system.ivc
    return [] if ivc is None else [c for c in ivc.channels if c.publisher.core == builder.core.number]


def vms_of(channels):
    return sorted({placed.number: placed for channel in channels for placed in channel.vms}.values(),
                  key=lambda placed: placed.number)


def add(builder):
    """The service of this core, before its clients: they speak to it when they start."""
    channels = channels_of(builder)
    if not channels:
        return
    table, vms = builder.system.ivc.table, vms_of(channels)
    for what, count, most in (("channels", len(channels), CHANNELS), ("VMs", len(vms), VMS)):
        if count > most:
            raise table.error("channel", f"connects {count} {what} on core {builder.core.number}; at most {most} fit, remove some")
    # Each subscriber may hold on to a channel that its publisher has left: so many places are there.
    pages = sum((1 + len(c.subscribers)) * c.size // PAGE for c in channels)
    if pages > PAGES_MOST:
        raise table.error("channel", f"takes {pages} pages on core {builder.core.number} (the size of each, times one more than "
                          f"its subscribers); at most {PAGES_MOST} fit, lower sizes")
    service = builder.service(table, NAME, NAME, builder.system.ivc.budget)
    bytes_ = sum((1 + len(c.subscribers)) * (1 << (c.size - 1).bit_length()) for c in channels)
    service.grants.add(name="untyped", kind=pb.GRANT_UNTYPED, size=1 << (bytes_ - 1).bit_length())
    config = cfg.IvcConfig()
    for i, placed in enumerate(vms):
        builder.manifest.lines.add(name=line(placed))
        service.grants.add(name=f"bell{i}", kind=pb.GRANT_LINE, object=line(placed), rights=RAISE)
        config.vms.add(number=placed.number, id=placed.vm.id)
    for c in channels:
        config.channels.add(publisher=vms.index(c.publisher), key=c.key, pages=c.size // PAGE,
                            subscribers=sum(1 << vms.index(p) for p in c.subscribers),
                            writers=sum(1 << vms.index(p) for p in c.writers))
    service.config = config.SerializeToString()


def add_client(builder, placed, service):
    """What a VMM needs whose VM may have channels."""
    if placed in vms_of(channels_of(builder)):
        service.grants.add(name=NAME, kind=pb.GRANT_CALL, object=NAME, rights=CALL, badge=placed.number)
        service.grants.add(name=NAME + ".line", kind=pb.GRANT_LINE, object=line(placed), rights=MANAGE)
