#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where every instruction of an operation goes: one turn of a micro bench's loop, block by block.

    make bench (once), then
    bench/account.py NAME [each]     a block is what runs of one function without leaving its program

`each` shows every instruction. The turn includes the loop around the operation, which its figure does not.
bench/plugin/rounds.c writes the turn down while bench/micro.py's machine runs.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import micro  # noqa: E402
from machine import Machine, ROOT  # noqa: E402
from profile import Program  # noqa: E402
import bundle  # noqa: E402

BUILT = os.path.join(ROOT, "build", bundle.ARCH)
PLUGIN = os.path.join(ROOT, "build", "host", "bench", "rounds.so")
TURN = os.path.join(ROOT, "build", "bench", "turn")
CLIENT = os.path.join(BUILT, "services", "bench-client.elf")
GUEST = os.path.join(BUILT, "bench", "micro.elf")
KERNEL = os.path.join(BUILT, "kernel", "kernel.elf")
BATCHES = 8 * 1024  # turns that one figure takes of a loop
# Figure: program and function of its loop, the instruction each turn begins with, turns that are another figure's.
LOOPS = {
    "svc_null": (CLIENT, "loop_null", "svc", 0),
    "ipc_call_reply": (CLIENT, "ipc_call", "svc", 0),
    "ipc_call_reply_raw": (CLIENT, "loop_raw", "svc", 0),
    "fp_switch": (CLIENT, "loop_fp", "svc", 0),  # and a call, and another of them
    "signal": (CLIENT, "loop_signal", "svc", 0),
    "signal_wake": (CLIENT, "loop_signal", "svc", BATCHES),
    "map_4k": (CLIENT, "loop_map", "svc", 0),
    "unmap_4k": (CLIENT, "loop_unmap", "svc", 0),
    "hvc_kernel": (GUEST, "loop_call", "hvc", 0),
    "exit_vmm": (GUEST, "loop_call", "hvc", BATCHES),
    "mmio_server": (GUEST, "loop_load", "ldr", 0),
    "doorbell": (GUEST, "loop_store", "str", 0),
}
# Whose an address is, beside what its words say: the kernel, and services in the order they are tried.
SERVICES = ["bench-client", "bench-server", "bench-device", "vmm", "pl011"]


def tool(name, *args):
    return subprocess.run([f"{bundle.ARCH}-linux-gnu-{name}", *args], stdout=subprocess.PIPE, text=True, check=True).stdout


def disassembly(path):
    """address -> (word, text, function)"""
    found, function = {}, ""
    for line in tool("objdump", "-dw", path).splitlines():
        if head := re.fullmatch(r"[0-9a-f]+ <(.+)>:", line):
            function = head[1]
        elif row := re.fullmatch(r" *([0-9a-f]+):\t([0-9a-f]{8}) *\t(.*)", line):
            found[int(row[1], 16)] = (int(row[2], 16), row[3].expandtabs(8), function)
    return found


def beginning(path, function, instruction):
    for address, (word, text, at) in disassembly(path).items():
        if at.split(".")[0] == function and text.split()[0] == instruction:
            return address, word
    sys.exit(f"account: {function} of {path} has no {instruction}")


def record(name):
    """The turn, as addresses and words."""
    path, function, instruction, skip = LOOPS[name]
    address, word = beginning(path, function, instruction)
    options = f"{PLUGIN},at={address:x},word={word:08x},skip={skip},out={TURN}"
    os.makedirs(os.path.dirname(TURN), exist_ok=True)
    if os.path.exists(TURN):
        os.unlink(TURN)
    with Machine(micro.SYSTEM, change=lambda args: micro.counted(args) + ["-plugin", options]) as machine:
        machine.wait(r"bench guest: done$|bench map_4k \d+$" if path == GUEST else r"bench map_4k \d+$", micro.LIMIT)
        if path == GUEST:
            machine.at = 0
            machine.wait(r"bench guest: done$", micro.LIMIT)
    with open(TURN, encoding="ascii") as f:
        return [tuple(int(word, 16) for word in line.split()) for line in f]


class Code(Program):
    """A program that tells the source functions of an address, what the compiler put into others included."""

    def __init__(self, path):
        super().__init__(path)
        self.path, self.texts = path, disassembly(path)

    def has(self, address, word):
        return self.texts.get(address, (None,))[0] == word

    def sources(self, addresses):
        """address -> function of the source"""
        lines = tool("addr2line", "-afie", self.path, *(hex(a) for a in addresses)).splitlines()
        found, address = {}, 0
        for line in lines:
            if line.startswith("0x"):
                address = int(line, 16)
            elif address not in found:
                found[address] = line if line != "??" else self.texts[address][2]
        return found


def owners(turn):
    """Each instruction's program: of a run of them between two changes, the one that has all words."""
    programs = [Code(KERNEL), Code(GUEST)] + [Code(os.path.join(BUILT, "services", s + ".elf")) for s in SERVICES]
    kernel = programs[0]
    runs, at = [], 0
    for i in range(1, len(turn) + 1):
        if i == len(turn) or kernel.has(*turn[i]) != kernel.has(*turn[at]):
            run = turn[at:i]
            fits = [p for p in programs if all(p.has(*x) for x in run)]
            runs.append((fits[0] if fits else sys.exit(f"account: nobody's: {run[0][0]:x}"), run))
            at = i
    return runs


def main(args):
    name, each = args[0] if args else "", "each" in args[1:]
    if name not in LOOPS:
        sys.exit(f"account: one of {' '.join(LOOPS)}")
    turn = record(name)
    print(f"{name}: a turn of {len(turn)} instructions")
    for program, run in owners(turn):
        print(f"\n{len(run):5}  {program.name}")
        sources, blocks = program.sources(sorted({a for a, _ in run})), {}
        for address, _ in run:
            _, text, function = program.texts[address]
            if each:
                print(f"       {address:8x}  {text:44} {sources[address]}")
            whole = sources[address] + ("" if sources[address] == function else f" (in {function})")
            blocks[whole] = blocks.get(whole, 0) + 1
        for block, count in blocks.items():
            if not each:
                print(f"{count:11}  {block}")


if __name__ == "__main__":
    main(sys.argv[1:])
