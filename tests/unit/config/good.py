# SPDX-License-Identifier: BSD-2-Clause
"""What good files become. The rules checked here are those of docs/config.md, not the compiler's code."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import tomllib

import bundle
import config_pb2 as pb
import fixture
import run
import samples
import services_pb2 as cfg
from skerryc import locate, vmfile
from skerryc.compile import compile_system
from skerryc.source import ConfigError

PAGE = 4096
DMA = 16
DMA_IMAGES = {"virtio-blk-driver"}
PLAN_PRINTER = r"""
#include <stdio.h>
#include "boot/plan.h"
int main(void)
{
	struct boot_plan plan;
	if (fread(&plan, sizeof(plan), 1, stdin) != 1 || getchar() != EOF)
		return 1;
	printf("%d %u %u %u\n", plan.magic == PLAN_MAGIC && plan.version == PLAN_VERSION, plan.core_count,
	       plan.address_bits, plan.range_count);
	for (int i = 0; i < PLAN_CORES; i++) {
		struct plan_core *c = &plan.cores[i];
		printf("%llx %u %u", (unsigned long long)c->ram_bytes, c->hardware_index, c->device_count);
		for (int j = 0; j < PLAN_DEVICES; j++)
			if (c->devices[j].size)
				printf(" %llx+%llx", (unsigned long long)c->devices[j].base,
				       (unsigned long long)c->devices[j].size);
		puts("");
	}
	for (int i = 0; i < PLAN_RANGES; i++) {
		struct plan_range *r = &plan.ranges[i];
		if (r->size)
			printf("%llx+%llx %u %u\n", (unsigned long long)r->base, (unsigned long long)r->size, r->core, r->kind);
	}
	return 0;
}
"""


def same(value, expected):
    if value != expected:
        raise AssertionError(f"is {value!r}, expected {expected!r}")


def project(top, directory):
    return fixture.Project(directory, os.path.join(top, "idl"))


def compiled(top, changes=()):
    with tempfile.TemporaryDirectory() as directory:
        project(top, directory).edit(changes)
        return compile_system("s", directory)


def services(manifest):
    return {service.name: service for service in manifest.services}


def grants(service):
    return {(g.name, g.kind): g for g in service.grants}


def real_system(top, name):
    """One of configs/systems, with stand-ins for the guests' files."""
    with tempfile.TemporaryDirectory() as directory:
        for part in ("configs", "idl"):
            shutil.copytree(os.path.join(top, part), os.path.join(directory, part))
        for file in ("build/guest/Image", "build/guest/initramfs.cpio.gz", "build/aarch64/guests/selftest.bin"):
            os.makedirs(os.path.join(directory, os.path.dirname(file)), exist_ok=True)
            with open(os.path.join(directory, file), "wb") as f:
                f.write(fixture.KERNEL)
        return compile_system(name, directory)


def check_objects(result):
    """Every grant names something that is there; names are not twice in a service's kind."""
    for manifest in result.manifests:
        names = {pb.GRANT_MEMORY: {m.name for m in manifest.memories}, pb.GRANT_LINE: {x.name for x in manifest.lines},
                 pb.GRANT_CALL: set(services(manifest)), pb.GRANT_SIGNAL: set(services(manifest)),
                 pb.GRANT_FILE: set(result.files)}
        for service in manifest.services:
            same(len(grants(service)), len(service.grants))
            for g in service.grants:
                if g.kind in names and g.object not in names[g.kind]:
                    raise AssertionError(f"{service.name}: {g.name} names {g.object}, which is not there")


def check_sharing(manifest):
    """Memories have the users they should; a line has one who raises and one who arms it."""
    users, lines = {}, {}
    for service in manifest.services:
        for g in service.grants:
            if g.kind == pb.GRANT_MEMORY:
                users.setdefault(g.object, []).append((service, g))
            elif g.kind == pb.GRANT_LINE:
                lines.setdefault(g.object, []).append(g.rights)
            elif g.kind == pb.GRANT_UNTYPED:
                same(g.rights & DMA, max(other.rights & DMA for other in service.grants if other.kind == pb.GRANT_MEMORY))
    for memory in manifest.memories:
        kind = memory.name.split(".")[0]
        expected = {"state": 1, "ledger": 1, "disk": 1, "dma": 1, "tx": 2, "rx": 2, "log": 2, "transfer": 2}.get(kind)
        if memory.name == "log.init":
            expected = 1    # init has no grants
        if expected:
            same((memory.name, len(users[memory.name])), (memory.name, expected))
        same(memory.size % (1 << memory.order), 0)
        for service, g in users[memory.name]:
            if g.rights & DMA and not (memory.dma and service.image in DMA_IMAGES):
                raise AssertionError(f"{service.name} may do DMA to {memory.name}")
    for name, rights in lines.items():
        same((name, sorted(rights)), (name, [2, 8]))


def check_calls(manifest):
    """Calls go to a higher priority and below init; badges of a driver's clients count from 1."""
    all_services = services(manifest)
    for service in manifest.services:
        for g in service.grants:
            if g.kind == pb.GRANT_CALL and not service.priority < all_services[g.object].priority < 50:
                raise AssertionError(f"{service.name} calls {g.object} of no higher priority")
            if g.kind == pb.GRANT_CALL and g.name == "backend":
                driver = all_services[g.object]
                config = cfg.BlkDriverConfig.FromString(driver.config)
                same(config.clients[g.badge - 1].name, service.name)
                same(grants(driver)[f"transfer{g.badge}", pb.GRANT_MEMORY].object,
                     grants(service)["transfer", pb.GRANT_MEMORY].object)


def check_vms(manifest):
    """What a VmConfig names is granted; RAM goes to those who need it, at one address."""
    for service in manifest.services:
        if service.image != "vmm":
            continue
        config, given = pb.VmConfig.FromString(service.config), grants(service)
        for i, region in enumerate(config.memory_regions):
            ram = given[f"ram{i}", pb.GRANT_MEMORY]
            same(ram.base, region.gpa)
            same(ram.rights, 7)
        for device in config.devices:
            port = given[device.server, pb.GRANT_CALL]
            same(given[device.line, pb.GRANT_LINE].object, port.object)
            if device.HasField("doorbell"):
                bell = given[device.doorbell, pb.GRANT_SIGNAL]
                same((bell.object, bell.badge), (port.object, (1 << device.doorbell_queues) - 1))
        same(("ramdisk", pb.GRANT_FILE) in given, config.has_ramdisk)
        same(given["core", pb.GRANT_CORE].badge, config.vcpu_priority)
        if not config.vcpu_priority < service.priority:
            raise AssertionError("the VMM is not above its vCPUs")
        same((service.vm, service.group), (True, config.number))


def system_test(name):
    def test(top):
        result = real_system(top, name)
        check_objects(result)
        numbers = []
        for manifest in result.manifests:
            same(pb.Manifest.FromString(manifest.SerializeToString()), manifest)
            check_sharing(manifest)
            check_calls(manifest)
            check_vms(manifest)
            numbers += [pb.VmConfig.FromString(s.config).number for s in manifest.services if s.image == "vmm"]
        same(len(numbers), len(set(numbers)))
    return test


def driver_by_compatible(top):
    """A [[driver]] without `image` is the program that knows the device's compatible."""
    found = services(real_system(top, "zcu102").manifests[0])
    same((found["uart"].image, found["console"].image), ("cadence-uart-driver", "console"))


def default_system(top):
    result = real_system(top, "default")
    first, *others = result.manifests
    same((first.last_vm_off, list(first.await_cores)), (pb.LAST_VM_SYSTEM_OFF, [1, 2, 3]))
    same({name: s.priority for name, s in services(first).items()},
         {"uart": 40, "disk": 40, "console": 36, "uart0.linux": 30, "disk0.linux": 30, "vmm.linux": 20})
    for i, manifest in enumerate(others, 1):
        same((manifest.core, manifest.last_vm_off), (i, pb.LAST_VM_CORE_OFF))
        same([s.name for s in manifest.services], [f"vmm.selftest{i}"])
    config = pb.VmConfig.FromString(services(first)["vmm.linux"].config)
    same((config.entry_point, config.kernel_load_addr, config.number), (0x80000000, 0x80000000, 1))
    same([(r.gpa, r.size, r.flags, r.map_type) for r in config.memory_regions], [(0x80000000, 256 << 20, 7, 0)])
    same([(d.name, d.compatible, d.base, d.length, d.irq, d.HasField("doorbell")) for d in config.devices],
         [("uart0", "arm,pl011", 0x9000000, 4096, 33, False), ("disk0", "virtio,mmio", 0xa000000, 4096, 48, True)])
    same((config.devices[1].doorbell_offset, config.devices[1].doorbell_queues), (0x50, 1))
    disk = grants(services(first)["disk"])
    same((disk["device", pb.GRANT_DEVICE].base, disk["irq", pb.GRANT_IRQ].number), (0x0a003000, 79))
    same(cfg.BlkDriverConfig.FromString(services(first)["disk"].config).device_offset, 0xe00)
    same(result.notes, [])


def generation(text):
    def test(_):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "vm.toml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            vm = vmfile.load(path, directory)
        data = tomllib.loads(text)
        same((vm.id, vm.name, vm.cpu_num), tuple(data["base"][key] for key in ("id", "name", "cpu_num")))
        same([list(r) for r in vm.memory_regions], data["kernel"]["memory_regions"])
        same([d[0] for d in vm.passthrough_devices], [d[0] for d in data["devices"]["passthrough_devices"]])
        same([list(d) for d in vm.emu_devices], data["devices"]["emu_devices"])
        same(vm.interrupt_mode, {"passthrough": 2, "pt": 2}.get(data["devices"].get("interrupt_mode"), 0))
    return test


def refused(text, expected):
    def test(_):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "vm.toml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            try:
                vmfile.load(path, directory)
            except ConfigError as e:
                if not str(e).startswith(expected):
                    raise AssertionError(f"said {e}") from None
                return
        raise AssertionError("was accepted")
    return test


def note_test(old, new, core, expected):
    def test(top):
        uart = ("vm", 'server = "pl011"', 'server = "pl011"\nbackend = "memory"')
        changes = [("vm", old, new)] + ([] if core == 0 else [uart, ("vm", 'backend = "disk"\nfirst_sector = 1024\n', "")])
        result = compiled(top, changes)
        same(result.notes, expected)
        same("vmm.a" in services(result.manifests[core]), True)
    return test


def controller(top):
    row = '["gicd", 0x0b00_0000, 0x1_0000, 0, 0x21, []], ["gicr", 0x0b0a_0000, 0x2_0000, 0, 0x20, [1, 0x2_0000, 0]]'
    manifest = compiled(top, [("vm", "emu_devices = []", f"emu_devices = [{row}]")]).manifests[0]
    config = pb.VmConfig.FromString(services(manifest)["vmm.a"].config)
    same([(d.base_gpa, d.emu_type, list(d.cfg)) for d in config.emu_devices],
         [(0x0b000000, 0x21, []), (0x0b0a0000, 0x20, [1, 0x20000, 0])])


def channels(top):
    """Who may publish what to whom, as the service is told; and what its clients are granted."""
    import errors_ivc
    changes = [errors_ivc.DEVICE, errors_ivc.DISKS, ("system", None, errors_ivc.OTHERS + errors_ivc.CHANNEL.replace(
        "0x2000", "0x3000").replace('["b"]', '["c", "a"]\nwrite = ["c"]').replace('publisher = "a"', 'publisher = "b"'))]
    manifest = compiled(top, changes).manifests[0]
    services = {s.name: s for s in manifest.services}
    service = services["ivc"]
    names = [s.name for s in manifest.services]
    same(all(names.index("ivc") < names.index("vmm." + vm) for vm in "abc"), True)
    config = cfg.IvcConfig.FromString(service.config)
    same([(vm.number, vm.id) for vm in config.vms], [(1, 1), (2, 2), (3, 3)])
    same([(c.publisher, c.key, c.pages, c.subscribers, c.writers) for c in config.channels], [(1, 1, 3, 0b101, 0b100)])
    # Three places of 3 pages, each in 4.
    same([(g.name, g.size) for g in service.grants if g.kind == pb.GRANT_UNTYPED], [("untyped", 16 * PAGE)])
    same([(g.name, g.object, g.rights) for g in service.grants if g.kind == pb.GRANT_LINE],
         [("bell0", "ivc.a", 2), ("bell1", "ivc.b", 2), ("bell2", "ivc.c", 2)])
    same([(line.name, line.group) for line in manifest.lines if line.name.startswith("ivc.")],
         [("ivc.a", 0), ("ivc.b", 0), ("ivc.c", 0)])
    for number, vm in enumerate("abc", 1):
        grants = {g.name: g for g in services["vmm." + vm].grants}
        same((grants["ivc"].object, grants["ivc"].badge), ("ivc", number))
        same((grants["ivc.line"].object, grants["ivc.line"].rights), ("ivc." + vm, 8))


def unknown_emu_type(_):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "vm.toml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(samples.A_GICV3.replace("0x21", "0x99"))
        vm = vmfile.load(path, directory)
    same([d[4] for d in vm.emu_devices], [0, 0x20])
    same(vm.notes, ["vm.toml:28: devices.emu_devices[0]: emu_type 0x99 is not known; taken as 0x0 (Dummy)"])


def aliases(top):
    for name, value in {"no_irq": 0, "no": 0, "none": 0, "emu": 1, "emulated": 1, "passthrough": 2, "pt": 2}.items():
        result = compiled(top, [("vm", '"emu"', f'"{name}"')])
        same((name, pb.VmConfig.FromString(services(result.manifests[0])["vmm.a"].config).interrupt_mode), (name, value))


def planned(top, changes=()):
    """The boot plan as C sees it."""
    result = compiled(top, changes)
    with tempfile.TemporaryDirectory() as directory:
        source, program = os.path.join(directory, "plan.c"), os.path.join(directory, "plan")
        with open(source, "w", encoding="utf-8") as f:
            f.write(PLAN_PRINTER)
        subprocess.run(["gcc", "-I", top, "-o", program, source], check=True)
        return subprocess.run([program], input=result.plan, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()


def plan(top):
    same(planned(top), ["1 2 0 0", "10000000 0 2 9000000+1000 a001000+1000", "0 1 0"] + ["0 0 0"] * 6)
    # What a guest has above 64 GiB takes a fourth level of tables.
    for region, bits in ((0xf_ffff_f000, 0), (0x10_0000_0000, 40), (0x100_0000_0000, 41), (0xffff_ffff_f000, 48)):
        change = [("vm", "memory_regions = [", f"memory_regions = [[0x{region:x}, 0x1000, 7, 0], ")]
        same(int.from_bytes(compiled(top, change).plan[16:20], "little"), bits)


def images(top):
    """The device tree and the ramdisk go to the top of memory, wherever nothing else is."""
    config = pb.VmConfig.FromString(services(compiled(top).manifests[0])["vmm.a"].config)
    same((config.dtb_load_addr, config.ramdisk_load_addr), (0x80e00000, 0x80dff000))
    result = compiled(top, [("vm", "cmdline", "ramdisk_load_addr = 0x80f0_0000\ncmdline")])
    config = pb.VmConfig.FromString(services(result.manifests[0])["vmm.a"].config)
    same((config.dtb_load_addr, config.ramdisk_load_addr), (0x80c00000, 0x80f00000))


def newc(data):
    """(name, offset of data, data) of each file: a reader of its own."""
    at = 0
    while True:
        same(data[at:at + 6], b"070701")
        field = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 110 + field[11]].rstrip(b"\0").decode()
        start = (at + 110 + field[11] + 3) & ~3
        if name == "TRAILER!!!":
            return
        yield name, start, data[start:start + field[6]]
        at = (start + field[6] + 3) & ~3


def bundle_layout(top):
    with tempfile.TemporaryDirectory() as directory:
        project(top, directory)
        source = os.path.join(directory, "p.c")
        with open(source, "w", encoding="utf-8") as f:
            f.write("void _start(void) { for (;;) ; }\n")
        for name in ("init", "vmm", "pl011", "virtio-blk", "pl011-driver", "virtio-blk-driver", "console"):
            subprocess.run(["aarch64-linux-gnu-gcc", "-g", "-nostdlib", "-static", "-o",
                            os.path.join(directory, name + ".elf"), source], check=True)
        packed = [bundle.pack(compile_system("s", directory, directory)) for _ in range(2)]
    same(packed[0] == packed[1], True)
    same(len(packed[0]) % PAGE, 0)
    entries = list(newc(packed[0]))
    same([name for name, *_ in entries],
         ["plan", "init", "manifest.0", "manifest.1", "console", "pl011", "pl011-driver", "virtio-blk", "virtio-blk-driver",
          "vmm", "0.kernel.bin", "1.ramdisk.gz"])
    same([name for name, start, _ in entries if start % PAGE], [])
    files = {name: data for name, _, data in entries}
    same(files["0.kernel.bin"], fixture.KERNEL)
    same(b".debug_info" in files["vmm"], False)
    same(pb.Manifest.FromString(files["manifest.1"]).core, 1)
    same(struct.unpack_from("<Q", files["plan"])[0].to_bytes(7, "little"), b"SKYPLAN")


def typed_in(top):
    """run.py types its input only at the prompt of the guest with the keyboard, and ends with QEMU's status."""
    qemu = ("import select,sys; print('[x] skerry-guest: ready\\n[x] x# \\nskerry-guest: ready', flush=True); "
            "early = select.select([0], [], [], 0.2)[0]; print('early', bool(early)); "
            "print('[x] # \\nx# \x1b', end='', flush=True); print('[6n', flush=True); "
            "print('got', sys.stdin.readline(), end='', flush=True); print('got', sys.stdin.readline(), end=''); sys.exit(7)")
    script = f"import sys; sys.path.insert(0, {os.path.dirname(run.__file__)!r}); import run; " \
             f"sys.exit(run.run_piped([sys.executable, '-c', {qemu!r}]))"
    done = subprocess.run([sys.executable, "-c", script], input=b"echo 1\npoweroff\n", stdout=subprocess.PIPE, timeout=60,
                          check=False, cwd=top)
    same(done.stdout.decode().splitlines(), ["[x] skerry-guest: ready", "[x] x# ", "skerry-guest: ready", "early False", "[x] # ", "x# ", "got echo 1", "got poweroff"])
    same(done.returncode, 7)


def whole_kernel(top):
    """An Image that is as long as its header says is taken; errors.py has the one that is a byte shorter."""
    with tempfile.TemporaryDirectory() as directory:
        project(top, directory).write("kernel.bin", fixture.PE_IMAGE.ljust(160, b"\x01"))
        compile_system("s", directory)


def lines(_):
    found = locate.lines(samples.TRICKY)
    tomllib.loads(samples.TRICKY)
    for path, line in samples.TRICKY_LINES.items():
        same((path, found.get(path)), (path, line))


TWO_CORES = ("configs/vms/a.toml:6: base.phys_cpu_ids: names 2 cores; a runs on core 1 alone, the first of them, with "
             "2 vCPUs")
TWO_VCPUS = "configs/vms/a.toml:5: base.cpu_num: names 2 cores; a runs on core 0 alone, the first of them, with 2 vCPUs"
TESTS = {
    "lines of keys": lines,
    "default system": default_system,
    "driver by compatible": driver_by_compatible,
    **{f"system {name}": system_test(name) for name in ("default", "two-linux", "selftest", "bare", "memory-disk", "zcu102")},
    "axvisor generation A, GICv3": generation(samples.A_GICV3),
    "axvisor generation A, eight cores": generation(samples.A_SMP8),
    "axvisor generation B": generation(samples.B_QEMU),
    "axvisor generation C": refused(samples.C_LINUX, "vm.toml:12: kernel.enable_bios: is a key of axvisor's schema "
                                    "generation C"),
    "axvisor generation D": refused(samples.D_LINUX, "vm.toml:2: machine: is a key of axvisor's schema generation D"),
    "several cores by id": note_test("cpu_num = 1\nphys_cpu_ids = [0]", "cpu_num = 2\nphys_cpu_ids = [0x100, 0]", 1,
                                     [TWO_CORES]),
    "several vCPUs": note_test("cpu_num = 1\nphys_cpu_ids = [0]", "cpu_num = 2", 0, [TWO_VCPUS]),
    "vm_type": note_test("vm_type = 2", "vm_type = 9", 0,
                         ["configs/vms/a.toml:4: base.vm_type: 9 is not known; taken as 1 (RTOS)"]),
    "interrupt controller of emu_devices": controller,
    "emu_type": unknown_emu_type,
    "channels between VMs": channels,
    "interrupt_mode aliases": aliases,
    "boot plan": plan,
    "places of images": images,
    "bundle": bundle_layout,
    "standard input is typed in": typed_in,
    "a whole kernel": whole_kernel,
}
