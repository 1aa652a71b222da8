# SPDX-License-Identifier: BSD-2-Clause
"""A board with a GICv2: what its VMs get, and what is refused; form as in errors.py."""
import config_pb2 as pb
from errors import BOARD, VM, at, vm
from good import compiled, planned, same
from placed import vmm

NAME = 'name = "board"\n'
GICV2 = [("board", NAME, NAME + "gic = 2\ngicv = 0x0804_0000\n")]


def interface(top):
    """The page is its VM's core's; the VM has it under its name alone."""
    same(planned(top, GICV2)[1], "10000000 0 3 8040000+1000 9000000+1000 a001000+1000")
    service = vmm(compiled(top, GICV2).manifests[0])
    grant = next(g for g in service.grants if g.name == "gicv")
    same((grant.kind, grant.base, grant.size, grant.unmapped, grant.rights), (pb.GRANT_DEVICE, 0x8040000, 0x1000, True, 3))
    same(pb.VmConfig.FromString(service.config).gic, 2)


def without(top):
    """A GICv3's VM has no such page, and need not say what it has."""
    for changes in ([], [("vm", None, "\n[skerry]\ngic = 3\n")]):
        service = vmm(compiled(top, changes).manifests[0])
        same((any(g.name == "gicv" for g in service.grants), pb.VmConfig.FromString(service.config).HasField("gic")), (False, False))


def moved(top):
    """The whole controller can lie elsewhere; there is nothing of it where a GICv3 has redistributors."""
    whole = vm("emu_devices = []", 'emu_devices = [["gic", 0x0c00_0000, 0x1_0000, 0, 0x1, []]]')
    compiled(top, GICV2 + whole + vm("base = 0x0900_0000", "base = 0x0801_0000"))
    compiled(top, GICV2 + vm("base = 0x0900_0000", "base = 0x080a_0000"))


def emulated(text):
    return GICV2 + vm("emu_devices = []", f"emu_devices = [\n{text} #HERE\n]")


def row(text):
    return at(VM, f"devices.emu_devices[0]: {text}")


GIC = [
    ("a GICv3's redistributors", emulated('["gicr", 0x080a_0000, 0x2_0000, 0, 0x20, [1, 0x2_0000, 0]]'),
     row("gicr: emu_type 0x20 (GPPTRedistributor) is a part of a GICv3, and board has a GICv2; remove it")),
    ("a GICv3's ITS", emulated('["its", 0x0808_0000, 0x2_0000, 0, 0x22, [0]]'),
     row("its: emu_type 0x22 (GPPTITS) is a part of a GICv3, and board has a GICv2; remove it")),
    ("a GICv3", GICV2 + [("vm", None, "\n[skerry]\ngic = 3 #HERE\n")],
     at(VM, "skerry.gic: is 3, and board has a GICv2; remove it, or take another board")),
    ("a GICv2", [("vm", None, "\n[skerry]\ngic = 2 #HERE\n")],
     at(VM, "skerry.gic: is 2, and board has a GICv3; remove it, or take another board")),
    ("another version", [("vm", None, "\n[skerry]\ngic = 4 #HERE\n")], at(VM, "skerry.gic: 4 is out of range; give 2 to 3")),
    ("a device over the interface", GICV2 + vm("base = 0x0900_0000", "base = 0x0801_1000 #HERE"),
     at(VM, "skerry.device[0].base: 0x8011000 overlaps the guest's interrupt interface (0x8010000 to 0x8011fff); move it")),
    ("a page of the GICv2 for a GICv3", [("board", NAME, NAME + "gicv = 0x0804_0000 #HERE\n")],
     at(BOARD, "gicv: is the address of a GICv2's virtual CPU interface (GICV), which a board with gic = 2 has; remove it")),
    ("half a page", [("board", NAME, NAME + "gic = 2\ngicv = 0x0804_0800 #HERE\n")],
     at(BOARD, "gicv: 0x8040800 is not a multiple of 0x1000; align it")),
]

TESTS = {"a GICv2's interface": interface, "a GICv3 has none": without, "a GICv2 elsewhere": moved}
