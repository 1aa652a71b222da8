# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's debugger stub, as far as tests need it: breakpoints, registers by name, memory.

The stub sees the machine as a debugger at its pins does, so a test can make a service fail at an instruction
of its choice, and the service contains nothing for it.
"""
import re
import select
import socket
import time

from results import Failed


def option(path):
    """QEMU's options for a stub on a socket of that path."""
    return ["-chardev", f"socket,path={path},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb"]


class Gdb:
    """A connection; the machine is stopped as long as it lasts, but for what `resume` and `go` start."""

    def __init__(self, path, limit=60, machine=None):
        """A path, or (host, port). The output of `machine`, a Process, is read meanwhile: else QEMU would wait."""
        self.socket = socket.socket(socket.AF_UNIX if isinstance(path, str) else socket.AF_INET)
        self.limit = limit
        self.machine = machine
        self.data = b""
        for _ in range(200):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.05)  # QEMU makes the socket when it starts
        else:
            raise Failed("QEMU has no debugger stub")
        self.send("qSupported:xmlRegisters=aarch64")
        while "PacketSize" not in self.packet():
            pass  # that the machine stopped, as it does for who connects
        self.registers = self.find_registers()

    def close(self):
        """Ends the connection; the machine runs on without breakpoints."""
        self.send("D")
        self.socket.close()

    def byte(self):
        end = time.monotonic() + self.limit
        while not self.data:
            sources = [self.socket] + ([self.machine.output] if self.machine else [])
            ready = select.select(sources, [], [], max(0, end - time.monotonic()))[0]
            if not ready:
                raise Failed("the debugger stub does not answer")
            if self.socket not in ready:
                self.machine.read(end)
                continue
            self.data = self.socket.recv(65536)
            if not self.data:
                raise Failed("QEMU closed the debugger stub")
        first, self.data = self.data[:1], self.data[1:]
        return first

    def send(self, text):
        data = text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xff))

    def packet(self):
        while self.byte() != b"$":
            pass
        data = b""
        while (b := self.byte()) != b"#":
            data += bytes([self.byte()[0] ^ 0x20]) if b == b"}" else b
        self.byte()
        self.byte()
        self.socket.sendall(b"+")
        return data.decode("latin-1")

    def ask(self, text):
        self.send(text)
        answer = self.packet()
        if answer.startswith("E"):
            raise Failed(f"the debugger stub refuses {text}: {answer}")
        return answer

    def find_registers(self):
        """Numbers of registers by name, system registers included."""
        numbers, names = {}, ["target.xml"]
        while names:
            name = names.pop(0)
            text = ""
            while (part := self.ask(f"qXfer:features:read:{name}:{len(text):x},fff"))[0] == "m":
                text += part[1:]
            text += part[1:]
            names += re.findall(r'xi:include href="([^"]+)"', text)
            number = max(numbers.values(), default=-1) + 1
            for reg in re.findall(r"<reg ([^>]*)>", text):
                fields = dict(re.findall(r'(\w+)="([^"]*)"', reg))
                number = int(fields.get("regnum", number))
                numbers.setdefault(fields["name"], number)
                number += 1
        return numbers

    def get(self, name):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{self.registers[name]:x}")), "little")

    def set(self, name, value):
        self.ask(f"P{self.registers[name]:x}={value.to_bytes(8, 'little').hex()}")

    def core(self, number):
        """What follows is about that core."""
        self.ask(f"Hg{number + 1:x}")

    def memory(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def memory_or_none(self, address, size):
        """None: not mapped for who runs."""
        self.send(f"m{address:x},{size:x}")
        answer = self.packet()
        return None if answer.startswith("E") else bytes.fromhex(answer)

    def stop_at(self, address):
        """A hardware breakpoint, on every core."""
        self.ask(f"Z1,{address:x},4")

    def forget(self, address):
        self.ask(f"z1,{address:x},4")

    def go(self):
        """Lets the machine run."""
        self.send("vCont;c")

    def resume(self):
        """Lets the machine run until something stops it; then the core that stopped is the current one."""
        self.go()
        stop = self.packet()
        thread = re.search(r"thread:([0-9a-f.p]+);", stop)
        if thread:
            self.ask(f"Hg{thread.group(1)}")
        return stop

    def step(self):
        """One instruction of the core that stopped last."""
        self.send("vCont;s")
        return self.packet()

    def interrupt(self):
        """Stops a machine that runs."""
        self.socket.sendall(b"\x03")
        return self.packet()
