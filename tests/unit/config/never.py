# SPDX-License-Identifier: BSD-2-Clause
"""VM files drawn at random around what is someone else's: whatever is accepted gives no VM any of it.

The second reader here knows the fixture's board by heart; it looks at the plan and at the manifests, at nothing of the compiler's.
"""
import os
import random
import struct
import tempfile

import config_pb2 as pb
import fixture
from skerryc.compile import compile_system
from skerryc.source import ConfigError

ROUNDS = 6 * int(os.environ.get("TEST_ROUNDS", 1500)) // 10
PAGE, BLOCK = 0x1000, 0x200000
RAM = (0x40000000, 0x20000000)
KEPT = (0x58000000, 0x3000)
LOADED = [(0x40200000, 0x400000), (0x48000000, 0x200000)]
KERNEL = [(0x08000000, 0x10000), (0x080a0000, 0x100000)]
DRIVERS = [(0x09000000, 0x1000), (0x0a001000, 0x1000)]
BOARD = """
[[kernel]]
name = "redistributors"
base = 0x080a_0000
size = 0x0010_0000

[[device]]
name = "low"
base = 0x0600_0000
size = 0x0010_0000

[[device]]
name = "high"
base = 0x081a_0000
size = 0x0060_0000

[[reserved]]
name = "kept"
base = 0x5800_0000
size = 0x3000

[[boot]]
name = "kernel"
base = 0x4020_0000
size = 0x0040_0000

[[boot]]
name = "bundle"
base = 0x4800_0000
"""
FREE = [(0x06000000, 0x100000), (0x081a0000, 0x600000), (0x09010000, 0x1000)]
EDGES = [edge for base, size in [RAM, KEPT] + LOADED + KERNEL + DRIVERS + [(0x06000000, 0x100000), (0x081a0000, 0x600000),
                                                                          (0x09010000, 0x1000), (0x0a000000, 0x2000)]
         for edge in (base, base + size)]


def overlaps(a, b):
    return a[0] < b[0] + b[1] and b[0] < a[0] + a[1]


def address(rng, align):
    return max(rng.choice(EDGES) + rng.randrange(-3, 4) * align, 0)


def entry(rng, i):
    if rng.random() < 0.6:  # one that may be right
        base, size = rng.choice(FREE)
        page = rng.choice((-2, -1, 0, 1, size // PAGE - 1, rng.randrange(size // PAGE)))
        hpa, length = base + page * PAGE, rng.choice((1, PAGE, 3 * PAGE))
        return f'["p{i}", {rng.choice((hpa, rng.randrange(1 << 18) * PAGE)):#x}, {hpa:#x}, {length:#x}, 0]'
    align = rng.choice((1, 0x200, PAGE, PAGE, BLOCK))
    hpa = address(rng, align)
    gpa = rng.choice((hpa, hpa + rng.randrange(1, 8) * PAGE, rng.randrange(1 << 24) * PAGE, address(rng, align)))
    return f'["p{i}", {gpa:#x}, {hpa:#x}, {rng.choice((1, 0x200, PAGE, PAGE + 1, 3 * PAGE, BLOCK, 1 << 24)):#x}, {rng.randrange(64)}]'


def region(rng):
    if rng.random() < 0.5:
        return rng.choice((f"[{KEPT[0]:#x}, {KEPT[1]:#x}, 7, 2]", f"[{0x52000000 + rng.randrange(80) * BLOCK:#x}, {BLOCK:#x}, 7, 1]",
                           f"[{0x40000000 + rng.randrange(256) * BLOCK:#x}, {BLOCK:#x}, 7, 1]"))
    align = rng.choice((PAGE, BLOCK, BLOCK))
    size = rng.choice((PAGE, 0x3000, 0x10000, BLOCK, 4 * BLOCK))
    return f"[{rng.choice((KEPT[0], address(rng, align))):#x}, {size:#x}, {rng.choice((3, 5, 7, 7, 7, 7, 0x17)):#x}, {rng.randrange(3)}]"


def draw(rng):
    passed = ", ".join(entry(rng, i) for i in range(rng.randrange(3)))
    regions = "".join(f"    {region(rng)},\n" for _ in range(rng.randrange(3)))
    changes = [("board", None, BOARD), ("vm", "passthrough_devices = []", f"passthrough_devices = [{passed}]"),
               ("vm", "    [0x8000_0000, 0x0100_0000, 0x7, 0],\n", "    [0x8000_0000, 0x0100_0000, 0x7, 0],\n" + regions),
               ("vm", "base = 0x0a00_0000", "base = 0x0f00_0000"), ("vm", '"emu"', rng.choice(('"emu"', '"pt"')))]
    if rng.random() < 0.3:
        changes[1] = ("vm", "passthrough_devices = []", f'passthrough_devices = [["s", 0x0a00_0000, 0x0a00_0000, 0x1000, 0]{", " if passed else ""}{passed}]')
        return changes + [("system", 'file = "a"\n', 'file = "a"\ndma = "unprotected"\n'),
                          ("vm", "entry_point = 0x8000_0000", "entry_point = 0x5000_0000"),
                          ("vm", "kernel_load_addr = 0x8000_0000", "kernel_load_addr = 0x5000_0000"),
                          ("vm", "    [0x8000_0000, 0x0100_0000, 0x7, 0],\n" + regions, "    [0x5000_0000, 0x0100_0000, 0x7, 1],\n" + regions)]
    return changes


def apply(project, changes):
    """In order, so that one may edit what another has put there; what no one edits is as in the fixture."""
    texts = dict(fixture.TEXTS.values())
    for which, old, new in changes:
        path = fixture.TEXTS[which][0]
        texts[path] = texts[path] + new if old is None else texts[path].replace(old, new)
    for path, text in texts.items():
        project.write(path, text.encode())


def planned(data):
    """(ranges of devices, of memory that is set aside) of a boot plan: boot/plan.h."""
    cores = struct.unpack_from("<QIIII", data)
    devices = []
    for i in range(8):
        _, _, count = struct.unpack_from("<QII", data, 24 + 272 * i)
        devices += [struct.unpack_from("<QQ", data, 24 + 272 * i + 16 + 16 * k) for k in range(count)]
    return devices, [struct.unpack_from("<QQII", data, 2200 + 24 * k) for k in range(cores[4])]


def check(compiled):
    devices, aside = planned(compiled.plan)
    fixed = [r[:2] for r in aside if r[3] == 0]
    assert [r[:2] for r in aside if r[3] == 1] == [KEPT]
    own = [d for d in devices if tuple(d) not in DRIVERS]
    assert len(own) == len(devices) - len(DRIVERS)
    for each in own:
        assert not any(overlaps(each, other) for other in KERNEL + DRIVERS + [RAM]), each
    for each in fixed:
        assert RAM[0] <= each[0] <= each[0] + each[1] <= RAM[0] + RAM[1], each
        assert not any(overlaps(each, other) for other in LOADED + [KEPT]), each
    ranges = devices + fixed + [KEPT]
    assert not any(overlaps(a, b) for i, a in enumerate(ranges) for b in ranges[:i])
    service = next(s for s in compiled.manifests[0].services if s.name == "vmm.a")
    granted = [(g.base, g.size) for g in service.grants if g.kind == pb.GRANT_DEVICE]
    assert sorted(granted) == sorted(map(tuple, own)), granted
    memories = [(m.base, m.size) for m in compiled.manifests[0].memories if m.HasField("base")]
    assert set(memories) <= set(fixed) | {KEPT}, memories
    guest(pb.VmConfig.FromString(service.config), len(own))
    return len(own) + len(fixed)


def guest(config, count):
    """Nothing lies on anything else in the guest."""
    ranges = [(r.gpa, r.size) for r in config.memory_regions] + [(d.base, d.length) for d in config.devices]
    ranges += [(0x08000000, 0x10000), (0x080a0000, 0x20000 * config.cpu_num)]
    passed = sorted((d.base_gpa & -PAGE, -(-(d.base_gpa + d.length) // PAGE) * PAGE - (d.base_gpa & -PAGE))
                    for d in config.passthrough_devices)
    ranges += [p for p in passed if not any(p != q and q[0] <= p[0] and p[0] + p[1] <= q[0] + q[1] for q in passed)]
    assert len(set(ranges)) == len(config.memory_regions) + len(config.devices) + 2 + count
    ranges = sorted(set(ranges))
    assert not any(overlaps(a, b) for a, b in zip(ranges, ranges[1:]))


def never(top):
    rng = random.Random(5)
    accepted = given = 0
    with tempfile.TemporaryDirectory() as directory:
        project = fixture.Project(directory, os.path.join(top, "idl"))
        for _ in range(ROUNDS):
            changes = draw(rng)
            apply(project, changes)
            try:
                compiled = compile_system("s", directory)
            except ConfigError:
                continue
            try:
                given += check(compiled)
            except AssertionError as e:
                raise AssertionError(f"{e}\nwith {changes}") from None
            accepted += 1
    assert accepted > ROUNDS // 40 and given > ROUNDS // 40, (accepted, given)


TESTS = {"what is accepted gives away nothing of someone else's": never}
