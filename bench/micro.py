#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The micro benches: instructions per operation, exact and the same on every run.

    make micro && bench/micro.py

QEMU counts time in instructions (-icount shift=0), so services and guests measure with their counter. As a
program, prints name, figure and must.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "qemu", "lib"))

from machine import Machine, ROOT, option  # noqa: E402
from results import Failed  # noqa: E402
import bundle  # noqa: E402
import run  # noqa: E402

# Name: must, and what is counted: with the trapping instruction, without the loop around it.
FIGURES = {
    "svc_null": (80, "CALL_NULL of a service"),
    "ipc_call_reply": (350, "client's stub, server's dispatch in another address space, and back; 32 bytes each way"),
    "ipc_call_reply_raw": (300, "the same with four words and without code: CALL_CALL, and CALL_REPLY_WAIT in a loop"),
    "signal": (110, "CALL_SIGNAL where nobody waits"),
    "signal_wake": (500, "CALL_SIGNAL, the waiter of higher priority runs, waits again, back in the signaller"),
    "hvc_kernel": (90, "a guest's SMCCC_ARCH_WORKAROUND_1, which the kernel answers"),
    "exit_vmm": (420, "a guest's PSCI_VERSION, which the VMM answers"),
    "mmio_server": (450, "a guest's load of the PL011's flag register, with the console behind the server"),
    "doorbell": (150, "a guest's store to a doorbell that wakes nobody"),
    "irq_inject": (600, "a server raises its line and waits, until the guest's handler begins"),
    "sgi": (800, "a guest sends an SGI to itself, until its handler begins"),
    "timer": (400, "from a deadline until the guest's handler begins, above the same without a hypervisor"),
    "eoi": (25, "call of a function that ends an interrupt; it is an error if it takes more than without a hypervisor"),
    "vcpu_switch": (900, "from WFI of a vCPU to the second instruction of another VM's, which uses FP, as both do; the list "
                         "register of its timer is loaded"),
    "fp_switch": (250, "an instruction that uses FP, after another service has used it"),
    "map_4k": (300, "SPACE_MAP of a page by a service, a call each"),
    "unmap_4k": (300, "FRAME_UNMAP of it"),
}
SYSTEM = os.path.join(HERE, "micro.toml")
GUEST = os.path.join(ROOT, "build", bundle.ARCH, "bench", "micro.elf")
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1"]
LIMIT = 300  # seconds of the host; ends a run that hangs
# bench/guest/micro.h
SWITCH_ROUNDS = 256
TICK_NS = 16  # of QEMU's counter: 62.5 MHz


def figures(kind, text):
    return {name: int(value) for name, value in re.findall(rf"\b{kind} (\w+) (\d+)$", text, re.MULTILINE)}


def counted(args):
    """QEMU's command line with one core and time in instructions."""
    return option(args, "-smp", "1") + ICOUNT


def run_system():
    with Machine(SYSTEM, change=counted) as machine:
        machine.wait(r"bench switch_in \d+$", LIMIT)
        machine.at = 0
        machine.wait(r"bench guest: done$", LIMIT)
        machine.at = 0
        machine.wait(r"bench map_4k \d+$", LIMIT)
        return figures("bench", machine.text)


def run_bare():
    """The same guest at EL1 of the machine itself."""
    args = [run.QEMU, "-machine", "virt,gic-version=3", "-cpu", "cortex-a57", "-smp", "1", "-m", "2048", "-nographic",
            "-nic", "none", "-no-reboot", "-kernel", GUEST] + ICOUNT
    done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=LIMIT, check=False)
    found = figures("bare", done.stdout.replace("\r", ""))
    if not {"timer", "eoi"} <= set(found):
        raise Failed("without a hypervisor the guest wrote\n" + done.stdout)
    return found


def measure():
    """Name -> instructions, all of FIGURES."""
    bare, ours = run_bare(), run_system()
    if ours["eoi"] != bare["eoi"]:
        raise Failed(f"ending an interrupt takes {ours['eoi']} instructions, without a hypervisor {bare['eoi']}: it traps")
    # The stamp of the one who goes to sleep is itself the first instruction of the difference.
    ours["vcpu_switch"] = round((ours.pop("switch_in") - ours.pop("switch_out")) * TICK_NS / SWITCH_ROUNDS) - 1
    ours["timer"] -= bare["timer"]
    missing = set(FIGURES) - set(ours)
    if missing:
        raise Failed(f"not measured: {', '.join(sorted(missing))}")
    return {name: ours[name] for name in FIGURES}


def main():
    for name, figure in measure().items():
        print(f"{name:15} {figure:6} {FIGURES[name][0]:6}")


if __name__ == "__main__":
    main()
