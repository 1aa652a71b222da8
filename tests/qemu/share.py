#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whatever a VM or a service does, the VM beside it keeps its share of the core, within 2 % in virtual time.

QEMU counts time in instructions, so what the guest `share` gets done in a phase (tests/guests/lib/phases.h) is its
share: compared with the phase in which the other one only spins. Two boots: beside the VM `greedy`, and beside services.
"""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import lines_of  # noqa: E402
from machine import GUESTS, Machine, VM, SYSTEM, option  # noqa: E402
from results import finish, require, result  # noqa: E402

LIMIT = 300  # seconds of the host; ends a boot that hangs
PERCENT = 2
VCPU = "\n[skerry]\nvcpu_budget_us = 200\nvcpu_period_us = 200\n"  # short turns: phases hold many whole ones
MUTE = """
[[skerry.device]]
name = "mute0"
compatible = "skerry,mute"
base = 0x0b00_0000
length = 0x1000
irq = 49
server = "mute"
"""
# What a VMM and the console have of their own, beside what their callers pay: little, as all of it can be a VM's doing.
LITTLE = "budget_us = 50\nperiod_us = 10000\n"
HOSTILE = """
[[service]]
name = "{name}"
image = "{image}"
restart = "never"
budget_us = 50
period_us = 1000
timer = true
{keys}
"""
SERVICES = [("mute", "mute", ""), ("spins", "hostile", ""), ("caller", "hostile", 'calls = ["uart0.share"]'),
            ("maker", "hostile", "untyped_kib = 256\nschedule = 5"), ("victim", "hostile", 'calls = ["mute"]')]

# By phase: what the other VM does, and whether the first VM may get more than its share, as the other one sleeps.
VM_PHASES = ["spins", "makes exits to its VMM", "reads from a device server", "calls the kernel", "sends itself SGIs",
             "has a timer that is always due", "has a line that is always up", "has a physical timer that is always due",
             "sleeps and wakes", "writes to the console", "waits for a server that never answers"]
MAY_SLEEP = {"sleeps and wakes"}
SERVICE_PHASES = ["spins", "has its budget end in a shared server", "makes threads without end",
                  "calls a server that never answers"]


def vm(directory, name, phases, more=""):
    path = os.path.join(directory, name + ".toml")
    text = VM.format(id=1 if name == "share" else 2, name=name, cpus=1, image=os.path.join(GUESTS, name + ".bin"),
                     backend="console" if name == "greedy" else "memory")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("\n[devices]", f'cmdline = "phases={phases}"\n\n[devices]')
                .replace("\n[[skerry.device]]", VCPU + "\n[[skerry.device]]", 1) + more)
    return f'\n[[vm]]\nfile = "{path}"\ncore = 0\n{LITTLE}'


def system(directory, text):
    path = os.path.join(directory, "system.toml")
    base = SYSTEM.replace('[console]\n', '[console]\n' + LITTLE).replace('device = "uart"\n', 'device = "uart"\n' + LITTLE)
    with open(path, "w", encoding="utf-8") as f:
        f.write(base + text)
    return path


def work(path, phases):
    """The loops of each phase, and all that was said."""
    with Machine(path, change=lambda args: option(args, "-smp", "1") + ["-icount", "shift=0,sleep=off", "-seed", "1"]) as machine:
        machine.wait(r"\d+ passed, (\d+) failed$", LIMIT)
        text = machine.text
    lines = "\n".join(lines_of(text, "share"))
    require("0 failed" in lines, f"the guest began too late; the output is\n{text[-2000:]}")
    found = re.findall(r"^work (\d+) (\d+)$", lines, re.MULTILINE)
    require([int(n) for n, _ in found] == list(range(phases)), f"no work was said\n{text[-2000:]}")
    return [int(loops) for _, loops in found], text


def compare(done, phases, what):
    for name, loops in zip(phases, done):
        change = 100 * (loops - done[0]) / done[0]
        print(f"  {loops} loops, {change:+.1f} %")
        result(change >= -PERCENT and (change <= PERCENT or name in MAY_SLEEP),
               f"the VM keeps its share while {what} {name}", f"{done[0]} loops while it spins")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        path = system(directory, vm(directory, "share", len(VM_PHASES)) + vm(directory, "greedy", 0, MUTE))
        half, _ = work(path, len(VM_PHASES))
        compare(half, VM_PHASES, "another VM")
        services = "".join(HOSTILE.format(name=name, image=image, keys=keys) for name, image, keys in SERVICES)
        done, text = work(system(directory, vm(directory, "share", len(SERVICE_PHASES)) + services), len(SERVICE_PHASES))
        compare(done, SERVICE_PHASES, "a service")
        # Alone but for a service with 5 % it gets 95 % of the core; beside a VM of its kind, 50 %.
        should = done[0] / 95 * 50
        result(abs(half[0] - should) <= should * PERCENT / 100, "two VMs of one priority have half of the core each",
               f"{half[0]} loops, and {done[0]} with 95 % of the core")
        calls = re.search(r"^\[caller\] (\d+) calls", text, re.MULTILINE)
        threads = re.search(r"^\[maker\] (\d+) threads$", text, re.MULTILINE)
        result(calls and int(calls[1]) > 100 and threads and int(threads[1]) > 100,
               "the services did what they are for", text[-2000:])


main()
finish()
