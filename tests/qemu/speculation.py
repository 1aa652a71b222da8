#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What stands against speculation: barriers behind each exception return, and the firmware's call at each entry on a
core that needs it. QEMU's has none, so a debugger answers as a firmware that has would."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gdb import Gdb, option  # noqa: E402
from guest import DIED, lines_of  # noqa: E402
from machine import KERNEL, Machine, bare_system, bundle  # noqa: E402
from results import case, finish, require  # noqa: E402

ELF = KERNEL.removesuffix(".bin") + ".elf"
FEATURES, VERSION, ARCH_FEATURES = 0x8400000a, 0x80000000, 0x80000001
WORKAROUNDS = {"SMCCC_ARCH_WORKAROUND_3": 0x80003fff, "SMCCC_ARCH_WORKAROUND_1": 0x80008000}
SYNC, IRQ = 0x400, 0x480  # vectors from a lower level
SMC = 5 * 4               # in a hardened vector
ENTRIES = 20


def tool(name, *args):
    return subprocess.run([f"{bundle.ARCH}-linux-gnu-{name}", *args], check=True, stdout=subprocess.PIPE, text=True).stdout


def symbol(name):
    return int(re.search(rf"(?m)^([0-9a-f]+) . {name}$", tool("nm", ELF))[1], 16)


def barriers():
    """Straight-line speculation past ERET: Arm's white paper of June 2020."""
    code = [line.split("\t")[2:] for line in tool("objdump", "-d", ELF).splitlines() if line.count("\t") >= 2]
    returns = [i for i, instruction in enumerate(code) if instruction[0].strip() == "eret"]
    require(returns, "there is no exception return")
    for i in returns:
        behind = [" ".join(part.strip() for part in code[i + n]) for n in (1, 2)]
        require(behind == ["dsb nsh", "isb"], f"behind an exception return is {behind}")


def questions():
    """Where the kernel asks its firmware when a core starts."""
    text = tool("objdump", "-d", "--disassemble=context_core_init", ELF)
    places = [int(place, 16) for place in re.findall(r"(?m)^\s*([0-9a-f]+):\t.*\tsmc\t", text)]
    require(places, "the kernel asks nothing")
    return places


def answer(gdb, needed):
    """Plays the firmware that has the call: core 0's kernel asks until it knows."""
    answers = {(FEATURES, VERSION): 0, (ARCH_FEATURES, WORKAROUNDS["SMCCC_ARCH_WORKAROUND_3"]): -1}
    answers[ARCH_FEATURES, needed] = 0
    places = questions()
    for place in places:
        gdb.stop_at(place)
    call = None
    while call != (ARCH_FEATURES, needed):
        gdb.resume()
        require(gdb.get("pc") in places, "something else than the breakpoint stopped the machine")
        call = gdb.get("x0") & 0xffffffff, gdb.get("x1") & 0xffffffff
        require(call in answers, f"the kernel asks {call}")
        gdb.set("x0", answers[call] & (1 << 64) - 1)
        gdb.set("pc", gdb.get("pc") + 4)
    for place in places:
        gdb.forget(place)


def hardened(needed):
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        machine = Machine(bare_system(directory, [("mmio", 1), ("fp", 2)]), change=lambda args: args + ["-S"])
        path = os.path.join(directory, "gdb")
        machine.args += option(path)
        with machine:
            gdb = Gdb(path, machine=machine)
            answer(gdb, needed)
            for vector in SYNC, IRQ:
                place = symbol("vectors_hardened") + vector + SMC
                for _ in range(ENTRIES):
                    gdb.stop_at(place)
                    gdb.resume()
                    require(gdb.get("pc") == place, "something else than the breakpoint stopped the machine")
                    require(gdb.get("x0") == needed, f"the call is 0x{gdb.get('x0'):x}")
                    gdb.forget(place)
                    gdb.step()
            gdb.close()
            status = machine.off()
            text = machine.text
    for guest in "mmio", "fp":
        last = lines_of(text, guest)[-1:]
        require(last and re.fullmatch(r"\d+ passed, 0 failed", last[0]), f"{guest} ended with {last}")
    require(status == 0 and not DIED.search(text), f"exit status {status}")


case("nothing is executed past an exception return", barriers)
for name, number in WORKAROUNDS.items():
    case(f"a core that needs {name} calls it at each entry", hardened, number)
finish()
