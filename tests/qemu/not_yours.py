#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the compiler would never make: plans, manifests and configurations that give a VM what is not a VM's. Each is
refused by name, at boot, by init or by the VMM, and what is right goes on."""
import os
import re
import struct
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import GUESTS, SYSTEM, VM, Machine  # noqa: E402
from results import case, finish, require  # noqa: E402
from skerryc import plan  # noqa: E402
import config_pb2 as pb  # noqa: E402

CLOCK = 'passthrough_devices = [["clock", 0x0901_0000, 0x0901_0000, 0x1000, 0]]'
RAM = "memory_regions = [[0x8000_0000, 0x100_0000, 0x7, 0]]"
OWN = "memory_regions = [[0x8000_0000, 0x100_0000, 0x7, 1]]"
FIRST_DEVICE = plan.HEAD.size + plan.CORE.size
FIRST_RANGE = plan.BYTES - plan.RANGES * plan.RANGE.size
GOES_ON = r"^\[vmm\.selftest\] \d+ passed, 0 failed$"


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def system(directory, second=True):
    """The first VM has the clock and memory at its own address; the second is plain."""
    text = SYSTEM
    for number, (name, passed, ram) in enumerate([("one", CLOCK, OWN), ("selftest", "passthrough_devices = []", RAM)][:1 + second]):
        image = os.path.join(GUESTS, "selftest.bin")
        vm = VM.format(id=number + 1, name=name, cpus=1, image=image, backend="memory")
        vm = vm.replace("passthrough_devices = []", passed).replace(RAM, ram)
        text += f'\n[[vm]]\nfile = "{write(directory, name + ".toml", vm)}"\n'
    return write(directory, "system.toml", text)


def put(compiled, offset, layout, *values):
    data = bytearray(compiled.plan)
    struct.pack_into(layout, data, offset, *values)
    compiled.plan = bytes(data)


def planned_device(base, size):
    """The plan's devices are in order of address: the clock is the second."""
    return lambda compiled: put(compiled, FIRST_DEVICE + plan.DEVICE.size, "<QQ", base, size)


def vmm(compiled):
    return next(s for s in compiled.manifests[0].services if s.name == "vmm.one")


def granted(base):
    def spoil(compiled):
        next(g for g in vmm(compiled).grants if g.name == "rtc").base = base
    return spoil


def configured(change):
    def spoil(compiled):
        config = pb.VmConfig.FromString(vmm(compiled).config)
        change(config)
        vmm(compiled).config = config.SerializeToString()
    return spoil


def placed(base):
    """Plan and manifest agree on memory that is someone else's."""
    def spoil(compiled):
        put(compiled, FIRST_RANGE, "<Q", base)
        next(m for m in compiled.manifests[0].memories if m.name == "ram0.one").base = base
    return spoil


def passed(key, value):
    return configured(lambda config: setattr(config.passthrough_devices[0], key, value))


def reserved(compiled):
    """The kernel's image as if the board reserved it."""
    put(compiled, FIRST_RANGE, "<QQII", 0x40200000, 0x200000, 0, 1)


def ranged(base, core, kind):
    return lambda compiled: put(compiled, FIRST_RANGE, "<QQII", base, 0x1000, core, kind)


AT_BOOT = [
    ("the distributor", planned_device(0x08000000, 0x10000),
     r"skerry: plan: device 0x8000000, size 0x10000, overlaps the interrupt controller's distributor"),
    ("the redistributors", planned_device(0x080a0000, 0x1000),
     r"skerry: plan: device 0x80a0000, size 0x1000, overlaps the interrupt controller's redistributors"),
    ("the translation service", planned_device(0x08080000, 0x1000),
     r"skerry: plan: device 0x8080000, size 0x1000, overlaps the interrupt translation service"),
    ("memory as a device", planned_device(0x50000000, 0x1000), r"skerry: plan: device 0x50000000, size 0x1000, overlaps RAM"),
    ("the kernel, reserved", reserved, r"skerry: plan: reserved 0x40200000, size 0x200000, is no RAM or is in use at boot"),
    ("memory of nobody's", ranged(0x50000000, plan.places.NOBODY, 0),
     r"skerry: plan: range 0x50000000, size 0x1000, is no range of pages for a core"),
    ("memory at the end of all addresses", ranged(0xffffffffffffe000, 0, 0),
     r"skerry: plan: range 0xffffffffffffe000, size 0x1000, is no range of pages for a core"),
    ("a device, reserved", ranged(0x09010000, 0, 1), r"skerry: plan: ranges 0x9010000 and 0x9010000 overlap"),
]
BY_INIT = [
    ("the distributor", granted(0x08000000),
     r"^init: vmm\.one: grant rtc: 0x1000 bytes at 0x8000000 \(intc@8000000\) are no device of this core$"),
    ("the translation service", granted(0x08080000),
     r"^init: vmm\.one: grant rtc: 0x1000 bytes at 0x8080000 \(its@8080000\) are no device of this core$"),
    ("memory as a device", granted(0x40200000),
     r"^init: vmm\.one: grant rtc: 0x1000 bytes at 0x40200000 \(memory@40000000\) are no device of this core$"),
    ("memory where the bundle is", placed(0x48000000),
     r"^init: memory ram0\.one, 0x1000000 bytes at 0x48000000: the bundle lies there$"),
    ("memory where the kernel is", placed(0x40200000),
     r"^init: memory ram0\.one, 0x1000000 bytes at 0x40200000: no free RAM of this core, or not what the boot plan has$"),
    ("memory where there is none", placed(0x200000000),
     r"^init: memory ram0\.one, 0x1000000 bytes at 0x200000000: no free RAM of this core, or not what the boot plan has$"),
]
BY_VMM = [
    ("a device over the guest's own controller", passed("base_gpa", 0x08000000),
     r"^\[vmm\.one\] vmm one: gicd: .*0x10000 bytes at 0x8000000 overlap rtc at 0x8000000"),
    ("a device over memory", passed("base_gpa", 0x80000000),
     r"^\[vmm\.one\] .*0x1000 bytes at 0x80000000 overlap ram0 at 0x80000000"),
    ("another device than was granted", passed("base_hpa", 0x09030000),
     r"^\[vmm\.one\] .*rtc, 0x1000 bytes at 0x9030000, cannot be passed through to 0x9010000"),
    ("more than was granted", passed("length", 0x1001),
     r"^\[vmm\.one\] .*rtc, 0x2000 bytes at 0x9010000, cannot be passed through to 0x9010000"),
    ("memory at another address than was granted", configured(lambda c: setattr(c.memory_regions[0], "gpa", 0x90000000)),
     r"^\[vmm\.one\] .*0x1000000 bytes at 0x90000000"),
]


def stops(directory, spoil, line):
    with Machine(system(directory), spoil=spoil) as machine:
        status = machine.off()
    require(re.fullmatch(line, machine.text.strip()), f"it says\n{machine.text}\ninstead of\n{line}")
    require(status == 0, f"the exit status is {status}")


def goes_on(directory, spoil, line):
    with Machine(system(directory), spoil=spoil) as machine:
        status = machine.off()
    for each in (line, GOES_ON):
        require(re.search(each, machine.text, re.MULTILINE), f"no line {each} in\n{machine.text}")
    require(not re.search(r"^\[vmm\.one\] \d+ passed", machine.text, re.MULTILINE), f"the VM ran:\n{machine.text}")
    require(status == 0, f"the exit status is {status}")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        for name, spoil, line in AT_BOOT:
            case(f"not yours: in the plan: {name}", stops, directory, spoil, line)
        for name, spoil, line in BY_INIT:
            case(f"not yours: in the manifest: {name}", goes_on, directory, spoil, line)
        for name, spoil, line in BY_VMM:
            case(f"not yours: in the configuration: {name}", goes_on, directory, spoil, line)
    finish()


main()
