# SPDX-License-Identifier: BSD-2-Clause
"""What of the machine has a place of its own: what the boot plan sets aside of its memory, and devices that VMs have."""
import config_pb2 as pb

from skerryc.vmfile import MAP_ALLOC, MAP_IDENTICAL, MAP_RESERVED

PAGE = 4096
BLOCK = 2 << 20
READ, WRITE = 1, 2
FIXED, RESERVED = 0, 1
NOBODY = 0xffffffff
NAME_BYTES = 19  # of a grant's name, with ".irq" behind it
TREE_BYTES = 2 * BLOCK  # of the loader's device tree, behind the bundle


def overlaps(base, size, start, length):
    return base < start + length and start < base + size


def device_pages(system, core):
    """Of the core's drivers and its VMs, in order of address; no two share a page."""
    pages = [driver.device.page for driver in system.drivers if driver.core == core.number]
    pages += [(r.base_hpa, r.length) for placed in system.vms if placed.core == core.number for r in placed.vm.passthrough]
    if system.board.gic == 2 and any(placed.core == core.number for placed in system.vms):
        pages.append((system.board.gicv, PAGE))
    return sorted(pages)


def set_aside(system):
    """(base, size, core, kind): memory of VMs at its own address, and what the board reserves, whoever has it."""
    regions = [(base, size, placed.core, map_type) for placed in system.vms
               for base, size, _, map_type in placed.vm.memory_regions if map_type != MAP_ALLOC]
    owners = {base: core for base, _, core, map_type in regions if map_type == MAP_RESERVED}
    found = [(base, size, core, FIXED) for base, size, core, map_type in regions if map_type == MAP_IDENTICAL]
    found += [(base, size, owners.get(base, NOBODY), RESERVED) for _, base, size in system.board.reserved]
    return sorted(found)


def check_region(vm, system, path, base, size, map_type):
    """Memory by the machine's addresses: it is one VM's, and no one else's."""
    board = system.board
    end = base + size - 1
    reserved = [(name, start, length) for name, start, length in board.reserved if overlaps(base, size, start, length)]
    if map_type == MAP_RESERVED:
        if [(start, length) for _, start, length in reserved] != [(base, size)]:
            known = ", ".join(f"{name} [0x{start:x}, 0x{length:x}]" for name, start, length in board.reserved)
            raise vm.error(path, f"0x{base:x} to 0x{end:x} is no [[reserved]] range of {board.name}; give one as a whole "
                           f"({known or 'there is none'}), or map_type 0 (MapAlloc)")
    elif not board.in_ram(base, size):
        raise vm.error(path, f"0x{base:x} to 0x{end:x} is not in the memory of {board.name} ({board.ram_ranges}); move it, or give "
                       "map_type 0 (MapAlloc)")
    elif reserved:
        raise vm.error(path, f"0x{base:x} to 0x{end:x} overlaps {reserved[0][0]}, which {board.name} reserves; move it, or give "
                       "map_type 2 (MapReserved)")
    for other in system.vms:
        for start, length, _, other_type in other.vm.memory_regions:
            if other_type != MAP_ALLOC and overlaps(base, size, start, length):
                raise vm.error(path, f"0x{base:x} to 0x{end:x} overlaps memory of the VM {other.vm.name} (0x{start:x} "
                               f"to 0x{start + length - 1:x}); move one, or give map_type 0 (MapAlloc)")


def check_boot(system, bundle_bytes):
    """What the boot loader puts into memory is not a VM's."""
    board = system.board
    parts = [(name, base, size or bundle_bytes + TREE_BYTES) for name, base, size in board.boot]
    for placed in system.vms:
        for i, (gpa, size, _, map_type) in enumerate(placed.vm.memory_regions):
            for name, base, length in parts:
                if map_type == MAP_IDENTICAL and overlaps(gpa, size, base, length):
                    raise placed.vm.error(placed.vm.region(i), f"0x{gpa:x} to 0x{gpa + size - 1:x} overlaps the {name} "
                                          f"at boot (0x{base:x} to 0x{base + length - 1:x}); move it, or give map_type 0 (MapAlloc)")


def check_dma(placed):
    """A device that writes to memory does so at the machine's addresses, and nothing stands between."""
    vm, table = placed.vm, placed.table
    able = next((r for r in vm.passthrough if r.dma), None)
    if placed.dma and able is None:
        raise table.error("dma", f"{vm.name} has no device that can do DMA; remove this")
    if able is None:
        return
    if not placed.dma:
        raise table.error("dma", f"is missing: {vm.name} is given {able.dma.name}, which can write anywhere in memory, as there is no "
                          'IOMMU; say that you accept it with dma = "unprotected"')
    for i, (gpa, *_, map_type) in enumerate(vm.memory_regions):
        if map_type == MAP_ALLOC:
            raise vm.error(vm.region(i), f"0x{gpa:x} is not the machine's address of this memory, and {able.dma.name} "
                           "would write there; give map_type 1 (MapIdentical), or leave the device out")


def check_interrupts(placed):
    """Devices interrupt core 0."""
    for each in placed.vm.passthrough:
        for passed in each.devices:
            if placed.core and passed.device.irq and placed.vm.interrupt_mode == pb.INTERRUPT_PASSTHROUGH:
                raise placed.vm.error(each.path, f"{passed.device.name} interrupts core 0 alone, and {placed.vm.name} runs on core "
                                      f"{placed.core}; place the VM on core 0, or leave the device out")


def entries(vm):
    """(range or None, PassthroughDevice): the ranges to map; then each device of one that is not the range itself.

    Interrupts are passed through in interrupt_mode "passthrough" alone.
    """
    found, names = [], set()
    interrupts = vm.interrupt_mode == pb.INTERRUPT_PASSTHROUGH
    for each in vm.passthrough:
        own = [p for p in each.devices if p.device.page == (each.base_hpa, each.length)]
        if len(own) == 1 == len(each.devices):
            found.append((each, entry_of(own[0], names, interrupts)))
            continue
        name = unique(each.name, names)
        found.append((each, pb.PassthroughDevice(name=name, base_gpa=each.base_gpa, base_hpa=each.base_hpa, length=each.length,
                                                 irq_id=0)))
        found += [(None, entry_of(passed, names, interrupts)) for passed in each.devices if passed.device.irq and interrupts]
    return found


def unique(name, names):
    name = name[:NAME_BYTES]
    if name in names:
        name = next(each for each in (f"{name[:NAME_BYTES - 3]}.{i}" for i in range(2, 100)) if each not in names)
    names.add(name)
    return name


def entry_of(passed, names, interrupts):
    device = passed.device
    entry = pb.PassthroughDevice(name=unique(device.name, names), base_gpa=passed.base_gpa, base_hpa=device.base, length=device.size,
                                 irq_id=device.irq if interrupts else 0)
    if entry.irq_id:
        entry.edge = device.edge
    return entry


def grant_interface(service, board):
    """A GICv2's virtual CPU interface: one page for all VMs of a core, where each finds what its vCPU has."""
    if board.gic == 2:
        service.grants.add(name="gicv", kind=pb.GRANT_DEVICE, base=board.gicv, size=PAGE, rights=READ | WRITE, unmapped=True, order=12)


def grant_passthrough(service, vm):
    """Blocks where guest and machine have the same place in one, so that wide ranges have few frames."""
    for each, entry in entries(vm):
        if each is not None:
            order = 12 if (each.base_gpa - each.base_hpa) % BLOCK else 21
            service.grants.add(name=entry.name, kind=pb.GRANT_DEVICE, base=each.base_hpa, size=each.length, rights=READ | WRITE,
                               unmapped=True, order=order)
        if entry.irq_id:
            service.grants.add(name=entry.name + ".irq", kind=pb.GRANT_IRQ, number=entry.irq_id, edge=entry.edge)


def frames(grant):
    """How many frames a grant of a device has, as init makes them."""
    if grant.order == 21:
        first, last = -(-grant.base // BLOCK) * BLOCK, (grant.base + grant.size) // BLOCK * BLOCK
        if first < last:
            return (grant.size - (last - first)) // PAGE + (last - first) // BLOCK
    return grant.size // PAGE
