# SPDX-License-Identifier: BSD-2-Clause
"""What only the finished manifests show: call cycles, sizes that do not fit, and memory."""
import glob
import os
import re

import config_pb2 as pb
import services_pb2 as cfg

from skerryc import places

MIB = 1 << 20
PAGE = 4096
OPTION = re.compile(r"^skerry\.(\w+)\.(\w+)\s+(.*)$")
SERVICE_OVERHEAD = 512 << 10  # its capability table, stack, buffers and page tables
IMAGE_ESTIMATE = 256 << 10    # of a service whose program is not at hand
INIT_RESERVE = 4 * MIB        # init, and the kernel's own
CORE0_RESERVE = 16 * MIB      # the kernel's image, firmware, the host's device tree
INIT_FRAMES = 7000            # frames in init's capability table (BOOT_SLOTS less all else)
PIECES = 10                   # powers of two that a memory's size is the sum of (INIT_PIECES)
START_FRAMES = 3072           # frames in a service's capability table (START_SLOTS less all else)
CONFIGS = {"vmm": pb.VmConfig, "pl011": cfg.Pl011Config, "virtio-blk": cfg.BlkConfig, "console": cfg.ConsoleConfig,
           "virtio-blk-driver": cfg.BlkDriverConfig, "pl011-driver": cfg.UartDriverConfig,
           "cadence-uart-driver": cfg.UartDriverConfig, "ivc": cfg.IvcConfig}


def cycles(builder):
    """Calls go down only: a cycle could only end in DEADLOCK at run time."""
    calls = {service.name: [g.object for g in service.grants if g.kind == pb.GRANT_CALL]
             for service in builder.manifest.services}
    done = set()

    def visit(name, chain):
        if name in chain:
            loop = " -> ".join(chain[chain.index(name):] + [name])
            raise builder.sources[name].error(None, f"calls go in a circle: {loop}; calls go down only, use a signal "
                                              "for one of them")
        if name not in done:
            for callee in calls.get(name, ()):
                visit(callee, chain + [name])
            done.add(name)

    for name in calls:
        visit(name, [])


def read_limits(idl):
    """nanopb's bounds: (message, field) -> {"max_size": n, "max_count": n}."""
    limits = {}
    for path in sorted(glob.glob(os.path.join(idl, "*.options"))):
        with open(path, encoding="utf-8") as f:
            for line in f:
                match = OPTION.match(line.split("//")[0].split("#")[0].strip())
                if match:
                    message, field, options = match.groups()
                    pairs = (option.split(":") for option in options.split())
                    limits[message, field] = {key: int(value) for key, value in pairs if value.isdigit()}
    return limits


def bounds(message, limits, fail):
    """What the services decode with nanopb must fit its arrays."""
    kind = message.DESCRIPTOR.name
    for field, value in message.ListFields():
        limit = limits.get((kind, field.name), {})
        repeated = field.label == field.LABEL_REPEATED
        if repeated and len(value) > limit.get("max_count", len(value)):
            fail(f"{kind}.{field.name} would have {len(value)} entries; at most {limit['max_count']} fit, "
                 "use fewer devices or VMs here")
        for item in value if repeated else [value]:
            if field.message_type is not None:
                bounds(item, limits, fail)
            elif field.type == field.TYPE_STRING and len(item.encode()) > limit.get("max_size", 1 << 30) - 1:
                fail(f'{kind}.{field.name} would be "{item}"; at most {limit["max_size"] - 1} characters fit, '
                     "use a shorter name")
            elif field.type == field.TYPE_BYTES and len(item) > limit.get("max_size", 1 << 30):
                fail(f"{kind}.{field.name} would have {len(item)} bytes; at most {limit['max_size']} fit, "
                     "use fewer devices or shorter texts")


def sizes(builder, limits):
    manifest = builder.manifest

    def fail(text):
        raise builder.core.table.error(None, text)

    bounds(manifest, limits, fail)
    for memory in manifest.memories:
        if memory.size.bit_count() > PIECES:
            fail(f"{memory.name} has 0x{memory.size:x} bytes, the sum of more than {PIECES} powers of 2; give it a rounder size")
    frames = sum(memory.size >> memory.order for memory in manifest.memories)
    frames += sum(places.frames(g) for service in manifest.services for g in service.grants if g.kind == pb.GRANT_DEVICE)
    if frames > INIT_FRAMES:
        fail(f"there would be {frames} pieces of memory; at most {INIT_FRAMES} fit, give its VMs less memory")
    orders = {memory.name: memory for memory in manifest.memories}
    for service in manifest.services:
        if service.image in CONFIGS and service.HasField("config"):
            bounds(CONFIGS[service.image].FromString(service.config), limits, fail)
        frames = sum(orders[g.object].size >> orders[g.object].order for g in service.grants
                     if g.kind == pb.GRANT_MEMORY)
        devices = sum(places.frames(g) for g in service.grants if g.kind == pb.GRANT_DEVICE)
        if frames + devices > START_FRAMES and devices > frames:
            fail(f"{service.name} would have {devices} pieces of devices; at most {START_FRAMES} fit with its memory, pass them through "
                 "at the same place of a 2 MiB block")
        if frames + devices > START_FRAMES:
            fail(f"{service.name} would have {frames} pieces of memory; at most {START_FRAMES} fit, give its VM less memory")


def memory(builder, system, image_bytes, bundle_bytes):
    """image_bytes: program -> what it takes in memory. The largest users are named."""
    users = [(m.size, m.name) for m in builder.manifest.memories if not m.reserved]
    for service in builder.manifest.services:
        size = image_bytes.get(service.image, IMAGE_ESTIMATE) + service.heap + SERVICE_OVERHEAD
        users.append((size + sum(g.size for g in service.grants if g.kind == pb.GRANT_UNTYPED), service.name))
    need = INIT_RESERVE + sum(size for size, _ in users)
    core = builder.core
    have = core.ram or system.board.ram_size - sum(other.ram for other in system.cores) - sum(
        size for _, _, size in system.board.reserved)
    if core.number == 0:
        need += CORE0_RESERVE + bundle_bytes
    if need > have:
        users.sort(key=lambda user: (-user[0], user[1]))
        largest = ", ".join(f"{name} {-(-size // MIB)} MiB" for size, name in users[:3])
        raise core.table.error("ram_mib" if "ram_mib" in core.table else None,
                               f"core {core.number} needs {-(-need // MIB)} MiB and has {have // MIB} MiB (largest: {largest}); "
                               "give it more, or its VMs less")
