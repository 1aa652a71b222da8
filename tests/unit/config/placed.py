# SPDX-License-Identifier: BSD-2-Clause
"""What the boot plan, the manifest and the VMM are told of memory at its own address and of devices that are passed through."""
import config_pb2 as pb
import services_pb2 as cfg
from good import compiled, planned, same
from passed import DMA, OWN, passed

RESERVED = '\n[[reserved]]\nname = "kept"\nbase = 0x5800_0000\nsize = 0x3000\n'
RAM = "    [0x8000_0000, 0x0100_0000, 0x7, 0],\n"
EMPTY = ["0 0 0"] * 6
FLASH = """
[[device]]
name = "flash"
base = 0x0010_0000
size = 0x0100_0000

[[device]]
name = "eth"
base = 0x0b00_0200
size = 0x200
irq = 70
compatible = ["x,eth"]
"""


def vmm(manifest):
    return next(s for s in manifest.services if s.name == "vmm.a")


def memory(manifest, name):
    return next(m for m in manifest.memories if m.name == name)


def rights(manifest, service, name):
    return next(g.rights for s in manifest.services if s.name == service for g in s.grants if g.name == name)


def identical(top):
    """Its range is set aside for its core; without a device that does DMA, nobody learns more addresses."""
    same(planned(top, OWN), ["1 2 0 1", "10000000 0 2 9000000+1000 a001000+1000", "0 1 0"] + EMPTY + ["50000000+1000000 0 0"])
    manifest = compiled(top, OWN).manifests[0]
    ram = memory(manifest, "ram0.a")
    same((ram.base, ram.size, ram.order, ram.reserved, ram.dma, ram.group), (0x50000000, 0x1000000, 21, False, False, 1))
    same((rights(manifest, "vmm.a", "ram0"), rights(manifest, "disk0.a", "ram0")), (7, 3))
    same(pb.VmConfig.FromString(vmm(manifest).config).memory_regions[0].map_type, pb.MAP_IDENTICAL)


def reserved(top):
    """What the board reserves is no core's, whether a VM has it or not; it is never zeroed."""
    same(planned(top, [("board", None, RESERVED)])[-1], f"58000000+3000 {0xffffffff} 1")
    changes = [("board", None, RESERVED), ("vm", RAM, RAM + "    [0x5800_0000, 0x3000, 0x3, 2],\n")]
    same(planned(top, changes)[-1], "58000000+3000 0 1")
    manifest = compiled(top, changes).manifests[0]
    kept = memory(manifest, "ram1.a")
    same((kept.base, kept.size, kept.order, kept.reserved, kept.survives, kept.HasField("group")),
         (0x58000000, 0x3000, 12, True, True, False))


def dma(top):
    """With the words, and only then, addresses of memory are known."""
    manifest = compiled(top, DMA + [passed('["slots", 0x0a00_0000, 0x0a00_0000, 0x1000, 0]'),
                                    ("vm", "base = 0x0a00_0000", "base = 0x0b00_0000")]).manifests[0]
    same((memory(manifest, "ram0.a").dma, rights(manifest, "vmm.a", "ram0"), rights(manifest, "disk0.a", "ram0")), (True, 23, 3))


def flags(top):
    """A device's region is left out with a remark; device servers have no memory that the guest cannot write. What
    touches comes in order of address."""
    changes = [("vm", RAM, "    [0x0c00_0000, 0x1000, 0x17, 0],\n    [0x9000_0000, 0x1000, 0x5, 0],\n" + RAM)]
    result = compiled(top, changes)
    same(result.notes, ["configs/vms/a.toml:15: kernel.memory_regions[0]: flags 0x17 are a device's; left out, as in axvisor: list it "
                        "in passthrough_devices"])
    service = vmm(result.manifests[0])
    same([(r.gpa, r.flags) for r in pb.VmConfig.FromString(service.config).memory_regions], [(0x90000000, 5), (0x80000000, 7)])
    same([(g.name, g.object) for g in service.grants if g.kind == pb.GRANT_MEMORY and g.name != "log"],
         [("ram1", "ram1.a"), ("ram0", "ram0.a")])
    disk = next(s for s in result.manifests[0].services if s.name == "disk0.a")
    same([(g.name, g.object, g.rights) for g in disk.grants if g.name.startswith("ram")], [("ram0", "ram1.a", 3)])
    same([(r.gpa, r.size) for r in cfg.BlkConfig.FromString(disk.config).ram], [(0x80000000, 0x1000000)])


def devices(service, kind):
    return [(g.name, g.base, g.size, g.order, g.unmapped) for g in service.grants if g.kind == kind]


def passthrough(top):
    """A device whose page is all there is; a wide range with a device in it; ranges in the plan."""
    changes = [("board", None, FLASH), ("vm", '"emu"', '"pt"'), passed('["clock", 0x0901_0000, 0x0901_0000, 0x1000, 0], '
                                              '["low", 0x1010_0000, 0x0010_0000, 0x0100_0000, 0], '
                                              '["net", 0x0700_1200, 0x0b00_0200, 0x1200, 0]')]
    result = compiled(top, changes)
    service = vmm(result.manifests[0])
    same(devices(service, pb.GRANT_DEVICE), [("rtc", 0x09010000, 0x1000, 21, True), ("flash", 0x100000, 0x1000000, 21, True),
                                             ("net", 0x0b000000, 0x2000, 12, True)])
    same([(g.name, g.number, g.edge, g.HasField("badge")) for g in service.grants if g.kind == pb.GRANT_IRQ],
         [("rtc.irq", 34, False, False), ("eth.irq", 70, False, False)])
    config = pb.VmConfig.FromString(service.config)
    same([(d.name, d.base_gpa, d.base_hpa, d.length, d.irq_id) for d in config.passthrough_devices],
         [("rtc", 0x09010000, 0x09010000, 0x1000, 34),
          ("flash", 0x10100000, 0x100000, 0x1000000, 0), ("net", 0x07001000, 0x0b000000, 0x2000, 0),
          ("eth", 0x07001200, 0x0b000200, 0x200, 70)])
    quiet = pb.VmConfig.FromString(vmm(compiled(top, changes[:1] + changes[2:]).manifests[0]).config)
    same([(d.name, d.irq_id) for d in quiet.passthrough_devices], [("rtc", 0), ("flash", 0), ("net", 0)])
    same(planned(top, changes)[1], "10000000 0 5 100000+1000000 9000000+1000 9010000+1000 a001000+1000 b000000+2000")


TESTS = {
    "MapIdentical": identical,
    "MapReserved": reserved,
    "flags of memory": flags,
    'dma = "unprotected" of a VM': dma,
    "passthrough in the manifest": passthrough,
}
