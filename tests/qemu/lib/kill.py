# SPDX-License-Identifier: BSD-2-Clause
"""Makes a service die at a chosen point of its program, from outside, and waits for its successor.

All services are linked at one address: a breakpoint stops whoever comes there, and the code around says who.
"""
import os
import re
import struct
import subprocess

from gdb import Gdb, option
from machine import ROOT, Machine, bundle
from results import Failed, require

NOWHERE = 0xdead0000  # no service has anything there
SERVICES = os.path.join(ROOT, "build", bundle.ARCH, "services")
COMPARED = 64         # bytes of code that tell programs apart
START_NAME = 0x0ff10010  # where a service finds its name: services/lib/start.h
NAME_BYTES = 32
OTHERS = 5000         # stops for other programs until a point is given up


class Program:
    """A service's ELF file: its symbols and its code."""

    def __init__(self, name):
        path = os.path.join(SERVICES, name + ".elf")
        lines = subprocess.run([f"{bundle.ARCH}-linux-gnu-nm", path], check=True, stdout=subprocess.PIPE,
                               text=True).stdout.splitlines()
        self.name = name
        self.symbols = {line.split()[2]: int(line.split()[0], 16) for line in lines if len(line.split()) == 3}
        with open(path, "rb") as f:
            self.data = f.read()

    def address(self, symbol):
        if symbol not in self.symbols:
            raise Failed(f"{self.name} has no symbol {symbol}")
        return self.symbols[symbol]

    def code(self, address, size):
        at, = struct.unpack_from("<Q", self.data, 32)
        entry, count = struct.unpack_from("<HH", self.data, 54)
        for i in range(count):
            kind, _, offset, base, _, length = struct.unpack_from("<IIQQQQ", self.data, at + i * entry)
            if kind == 1 and base <= address and address + size <= base + length:
                return self.data[offset + address - base:][:size]
        raise Failed(f"{self.name} has no code at 0x{address:x}")


class Killer(Machine):
    """A machine whose services can be killed."""

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.stub = os.path.join(self.directory.name, "gdb")
        self.args += option(self.stub)
        self.gdb = None

    def __enter__(self):
        super().__enter__()
        self.gdb = Gdb(self.stub, machine=self)
        self.gdb.go()
        return self

    def name(self):
        """The service that stands."""
        data = self.gdb.memory_or_none(START_NAME, NAME_BYTES)
        return data.partition(b"\0")[0].decode() if data else None

    def reach(self, program, address, service=None):
        """Runs until that program is at the address; `service`: which of those that run it."""
        self.gdb.stop_at(address)
        start = address & ~(COMPARED - 1)
        code = program.code(start, COMPARED)
        for _ in range(OTHERS):
            self.gdb.resume()
            require(self.gdb.get("pc") == address, "something else than the breakpoint stopped the machine")
            if self.gdb.memory_or_none(start, COMPARED) == code and service in (None, self.name()):
                self.gdb.forget(address)
                return
            self.gdb.step()
        raise Failed(f"{program.name} does not come to 0x{address:x}")

    def stop_in(self, program, point, steps=0, cause=None, service=None):
        """Stops where a function is called ("f"), where that returned ("f()"), or returned true ("f()=1"), or some
        steps behind. Steps end before a call of the kernel. `cause` is called first, while the machine stands: what
        it types cannot have had its effect before the breakpoint is set.
        """
        self.gdb.interrupt()
        if cause:
            cause()
        while True:
            self.reach(program, program.address(point.partition("()")[0]), service)
            if "()" in point:
                self.reach(program, self.gdb.get("x30"), service)
            if not point.endswith("=1") or self.gdb.get("x0") & 0xff:
                break
        for _ in range(steps):
            if self.at_call():
                break
            self.gdb.step()

    def at_call(self):
        """Whether the next instruction is an SVC."""
        instruction, = struct.unpack("<I", self.gdb.memory(self.gdb.get("pc"), 4))
        return instruction & 0xffe0001f == 0xd4000001

    def kill(self, service, program, point, steps=0, cause=None):
        """Sends the service to where nothing is; returns when its successor is started."""
        self.stop_in(program, point, steps, cause, service)
        self.gdb.set("pc", NOWHERE)
        self.gdb.go()
        self.died(service, rf"instruction abort at 0x{NOWHERE:x} \(no mapping\), pc 0x{NOWHERE:x}, syndrome 0x[0-9a-f]+")

    def died(self, service, how):
        """Waits for what init says of it."""
        self.wait(rf"init: {re.escape(service)} died: {how}\n")
        self.wait(rf"init: {re.escape(service)} (?:starts again|and its group start again)\n")
