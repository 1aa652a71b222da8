#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux with two vCPUs and what a plain boot has not: an interrupt translation service, samples of cycles."""
import gzip
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import ROOT, SYSTEM, Machine  # noqa: E402
from results import case, finish, require  # noqa: E402
from cpio import Archive  # noqa: E402
from shell import booted, done, power_off  # noqa: E402

ROW = '["gic", 0x0800_0000, 0x1_0000, 0, 0x1, []]'
COMPLAINT = re.compile(r"^.*(?:ITS.*(?:fail|timeout|error|unable|not )|WARNING:|GICv3.*(?:fail|timeout)|Unexpected).*$",
                       re.MULTILINE | re.IGNORECASE)


def linux_with_its(directory):
    """configs/vms/linux.toml with the service and two vCPUs, its disk in memory; in a system of its own."""
    with open(os.path.join(ROOT, "configs", "vms", "linux.toml"), encoding="utf-8") as f:
        text = f.read()
    for old, new in (("emu_devices = []", f"emu_devices = [{ROW}]"), ("cpu_num = 1", "cpu_num = 2"),
                     ("phys_cpu_ids = [0]\n", ""),
                     ('backend = "disk"        # a driver of the system file, or "memory"\nfirst_sector = 0\n',
                      'backend = "memory"\n')):
        require(old in text, f"configs/vms/linux.toml has no {old!r}")
        text = text.replace(old, new)
    vm = os.path.join(directory, "linux-its.toml")
    with open(vm, "w", encoding="utf-8") as f:
        f.write(text)
    system = os.path.join(directory, "system.toml")
    with open(system, "w", encoding="utf-8") as f:
        f.write(SYSTEM + f'\n[[vm]]\nfile = "{vm}"\ncore = 0\n')
    return system


def initramfs(directory):
    """The guest's, and a program of ours behind it."""
    guest, path = os.path.join(ROOT, "build", "guest"), os.path.join(directory, "initramfs")
    archive = Archive()
    with open(os.path.join(guest, "tests", "samples"), "rb") as f:
        archive.file("samples", f.read(), 0o755)
    with open(os.path.join(guest, "initramfs.cpio.gz"), "rb") as f, open(path, "wb") as to:
        to.write(f.read() + gzip.compress(archive.bytes(), 1))
    return path


def sample(machine):
    """An overflow of the cycle counter interrupts, at both vCPUs: a sample a period, but for those in which the host ran
    something else."""
    log = done(machine, "dmesg")
    require("hw perfevents: enabled with armv8_pmuv3" in log, f"no performance monitors in the log:\n{log}")
    for cpu in (1, 2):
        text = done(machine, f"taskset {cpu} /samples")
        found = re.fullmatch(r"samples (\d+) of (\d+)\n", text)
        require(found, f"vCPU {cpu - 1}: {text}")
        taken, due = (int(n) for n in found.groups())
        require(20 <= taken <= due + 1, f"vCPU {cpu - 1}: {taken} samples in {due} periods")


def boot():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        with Machine(linux_with_its(directory), overrides={"ramdisk": initramfs(directory)}) as machine:
            booted(machine)
            log = done(machine, "dmesg")
            require(re.search(r"GICv3: 1?\d+ SPIs implemented", log), f"no GICv3 in the log:\n{log}")
            require(re.search(r"ITS \[mem 0x08080000-0x0809ffff\]", log), f"no ITS in the log:\n{log}")
            require(re.search(r"ITS@0x0*8080000: allocated \d+ Devices", log), f"no device table in the log:\n{log}")
            require(re.search(r"CPU1: using allocated LPI pending table", log), f"no LPIs of the second vCPU:\n{log}")
            found = COMPLAINT.search(log)
            require(not found, found.group() if found else "")
            sample(machine)
            power_off(machine)


case("Linux sets an ITS up without a complaint, and samples cycles", boot)
finish()
