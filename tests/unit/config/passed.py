# SPDX-License-Identifier: BSD-2-Clause
"""What is passed through, and which servers emulated devices get."""
import os
import tempfile

import config_pb2 as pb
import fixture
import services_pb2 as cfg
from skerryc import system as systems
from skerryc.compile import compile_system


def same(value, expected):
    if value != expected:
        raise AssertionError(f"is {value!r}, expected {expected!r}")


def loaded(top, changes):
    """The VM as it is before anything is made of it."""
    with tempfile.TemporaryDirectory() as directory:
        fixture.Project(directory, os.path.join(top, "idl")).edit(changes)
        return systems.load(os.path.join(directory, "configs/systems/s.toml"), directory).vms[0].vm


def ranges(top, *changes):
    return [(r.name, r.base_gpa, r.base_hpa, r.length, [(d.device.name, d.base_gpa) for d in r.devices],
             r.dma.name if r.dma else None) for r in loaded(top, list(changes)).passthrough]


def passed(entries):
    return ("vm", "passthrough_devices = []", f"passthrough_devices = [{entries}]")


# The VM at its memory's own address, with which a device may do DMA.
OWN = [("vm", "    [0x8000_0000, 0x0100_0000, 0x7, 0],\n", "    [0x5000_0000, 0x0100_0000, 0x7, 1],\n"),
       ("vm", "entry_point = 0x8000_0000", "entry_point = 0x5000_0000"),
       ("vm", "kernel_load_addr = 0x8000_0000", "kernel_load_addr = 0x5000_0000")]
DMA = OWN + [("system", 'file = "a"\n', 'file = "a"\ndma = "unprotected"\n')]


def addresses(top):
    """base_hpa counts; the last page is kept; devices in the entry are the VM's, all in its pages are exposed."""
    same(ranges(top, passed('["rtc", 0x0100_0000, 0x0901_0000, 0x1001, 0x17]')),
         [("rtc", 0x01000000, 0x09010000, 0x2000, [("rtc", 0x01000000)], None)])
    same(ranges(top, passed('["part", 0x0100_0ffc, 0x0901_0ffc, 8, 0]')),
         [("part", 0x01000000, 0x09010000, 0x2000, [], None)])
    same(ranges(top, passed('["slot", 0x0100_0200, 0x0a00_0200, 0x400, 0]'), *DMA),
         [("slot", 0x01000000, 0x0a000000, 0x1000, [("virtio1", 0x01000200), ("virtio2", 0x01000400)], "virtio0")])
    same(ranges(top, ("vm", "interrupt_mode", "passthrough_addresses = [[0x0901_0000, 4]]\ninterrupt_mode")),
         [("address0", 0x09010000, 0x09010000, 0x1000, [], None)])


SLOTS = [(f"virtio{i}", 0x0a000000 + 0x200 * i) for i in range(8)]
RTC = ("/pl031@9010000", 0x09010000, 0x09010000, 0x1000, [("rtc", 0x09010000)], None)


def paths(top):
    """The whole machine is what no driver has: also not what shares a page with a driver's device."""
    move = ("vm", DISK_BASE, "0x0b00_0000")
    same(ranges(top, passed('["/pl031@9010000"]')), [RTC])
    same(ranges(top, passed('["/"], ["/pl031@9010000"]'), move, *DMA),
         [RTC, ("/virtio_mmio@a000000", 0x0a000000, 0x0a000000, 0x1000, SLOTS, "virtio0")])
    rest = "\n".join(f'["/virtio_mmio@{0xa000000 + 0x200 * i:x}"],' for i in range(8))
    same(ranges(top, passed('["/"]'), ("vm", "interrupt_mode", f'excluded_devices = [["/timer"],\n{rest}]\ninterrupt_mode')), [RTC])
    same(ranges(top, passed('["/"]'), ("vm", "interrupt_mode", 'excluded_devices = [["/"]]\ninterrupt_mode')), [])


DISK_BASE = "0x0a00_0000"
CONSOLE = '["a console of mine", 0x0b00_0000, 0x100, 50, 0x2, []]'
DISKS = '["blk", 0x0c00_0000, 0x200, 51, 0xe1, [0, 512]], ["blk", 0x0c00_1000, 0x200, 52, 0xe1, [64]]'


def servers(top):
    """Types 0x2 and 0xE1 get what a [[skerry.device]] gets; a name that cannot be a service's is replaced."""
    with tempfile.TemporaryDirectory() as directory:
        fixture.Project(directory, os.path.join(top, "idl")).edit(
            [("vm", "emu_devices = []", f"emu_devices = [{CONSOLE}, {DISKS}]")])
        manifest = compile_system("s", directory).manifests[0]
    services = {s.name: s for s in manifest.services}
    config = pb.VmConfig.FromString(services["vmm.a"].config)
    same([(d.name, d.compatible, d.base, d.length, d.irq) for d in config.devices][2:],
         [("emu0", "arm,pl011", 0x0b000000, 0x1000, 50), ("blk", "virtio,mmio", 0x0c000000, 0x1000, 51),
          ("emu2", "virtio,mmio", 0x0c001000, 0x1000, 52)])
    same([e.emu_type for e in config.emu_devices], [2, 0xe1, 0xe1])
    same(cfg.Pl011Config.FromString(services["emu0.a"].config).backend, cfg.Pl011Config.CONSOLE)
    disks = [cfg.BlkConfig.FromString(services[name].config) for name in ("blk.a", "emu2.a")]
    same([(d.backend, d.sectors) for d in disks], [(cfg.BlkConfig.BLOCK, 512), (cfg.BlkConfig.MEMORY, 64)])
    clients = cfg.BlkDriverConfig.FromString(services["disk"].config).clients
    same([(c.name, c.first_sector, c.sectors) for c in clients], [("disk0.a", 1024, 2048), ("blk.a", 0, 512)])


def bios(top):
    """The initramfs may come through the BIOS's slot."""
    vm = loaded(top, [("vm", 'ramdisk_path = "ramdisk.gz"', 'bios_path = "ramdisk.gz"\nbios_load_addr = 0x80f0_0000')])
    same((os.path.basename(vm.kernel["ramdisk_path"]), vm.kernel["ramdisk_load_addr"]), ("ramdisk.gz", 0x80f00000))


def notes(top):
    vm = loaded(top, [("vm", "cmdline", 'disk_path = "x"\ncmdline')])
    same(vm.notes, ["configs/vms/a.toml:13: kernel.disk_path: is not read, as in axvisor; a disk is an emu_device of type 0xE1, "
                    "or a [[skerry.device]]"])


def relocated(top):
    """As axvisor's files have it: not on the 2 MiB boundary that Linux asks for."""
    vm = loaded(top, [("vm", "entry_point = 0x8000_0000", "entry_point = 0x8008_0000"),
                      ("vm", "kernel_load_addr = 0x8000_0000", "kernel_load_addr = 0x8008_0000")])
    same(vm.notes, ["configs/vms/a.toml:11: kernel.kernel_load_addr: 0x80080000 is no 2 MiB boundary + 0x0; a relocatable kernel "
                    "runs there, and warns"])


TESTS = {
    "a relocated kernel": relocated,
    "passthrough by address": addresses,
    "passthrough by path": paths,
    "emulated devices get servers": servers,
    "bios_path": bios,
    "disk_path": notes,
}
