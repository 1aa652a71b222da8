# SPDX-License-Identifier: BSD-2-Clause
"""A boot whose instructions are counted by who executes them (bench/plugin/owners.c).

QEMU counts time in instructions and has no disk, no network and no clock of the host; so equal inputs give
equal counts. Its own count of instructions is compared with the plugin's at the end of each boot.
"""
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import bundle  # noqa: E402
import run  # noqa: E402

BUILD = os.path.join(ROOT, "build")
KERNEL = os.path.join(BUILD, bundle.ARCH, "kernel", "kernel")
PLUGIN = os.path.join(BUILD, "host", "bench", "owners.so")
RAM = os.path.join(BUILD, "bench", "ram")
RAM_BASE, RAM_MIB = 0x4000_0000, 512
SERVICES = (0x1000_0000, 0x2000_0000)  # SERVICE_BASE to START_HEAP (services/lib/start.h)
PATTERN = b"\xa5" * (1 << 20)
LIMIT = 300  # seconds of the host; ends a boot that hangs
# QEMU's count leaves out an instruction that faults, the plugin's has each try.
TOLERANCE = 1e-4


stop = threading.Event()  # set: boots end as soon as they can


class Failed(Exception):
    """Nothing was measured; the text says why."""


def sections():
    """Section of the kernel's ELF file -> (address, size)."""
    out = subprocess.run([f"{bundle.ARCH}-linux-gnu-readelf", "-SW", KERNEL + ".elf"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=True).stdout
    rows = (line.replace("[ ", "[").split() for line in out.splitlines())
    return {r[1]: (int(r[3], 16), int(r[5], 16)) for r in rows if len(r) > 8 and r[1].startswith(".")}


@contextlib.contextmanager
def ram():
    """While it lasts, there is what RAM holds before each boot: a file of nothing but a pattern."""
    os.makedirs(os.path.dirname(RAM), exist_ok=True)
    try:
        with open(RAM, "wb") as f:
            for _ in range(RAM_MIB):
                f.write(PATTERN)
        yield
    finally:
        os.unlink(RAM)


def replaced(args, name, value):
    at = args.index(name) + 1
    return args[:at] + [value] + args[at + 1:]


def plugin(serial, out, marker):
    """The plugin's option. It runs in QEMU, and has all it needs from here."""
    found = sections()
    text, boot, end = found[".text"][0], found[".boot"][0], sum(found[".boot_zero"])
    ranges = {"ram": (RAM_BASE, RAM_BASE + (RAM_MIB << 20)), "text": (text, boot), "boot": (boot, end),
              "services": SERVICES}
    words = [PLUGIN] + [f"{name}={a:x}-{b:x}" for name, (a, b) in ranges.items()]
    return ",".join(words + [f"serial={serial}", f"out={out}", f"marker={marker}"])


class Monitor:
    """QEMU's machine protocol on a socket, with a limit for all of it."""

    def __init__(self, end, progress):
        self.socket, self.end, self.progress, self.data = end, time.monotonic() + LIMIT, progress, b""
        self.socket.settimeout(1)

    def next(self):
        while b"\n" not in self.data:
            self.progress()
            if stop.is_set():
                raise Failed("was stopped")
            if time.monotonic() > self.end:
                raise Failed(f"did not come to its end in {LIMIT} s")
            try:
                part = self.socket.recv(65536)
            except socket.timeout:
                continue
            if not part:
                raise Failed("QEMU ended early")
            self.data += part
        line, self.data = self.data.split(b"\n", 1)
        return json.loads(line)

    def ask(self, command):
        self.socket.sendall(json.dumps({"execute": command}).encode() + b"\n")
        while "return" not in (answer := self.next()):
            if "error" in answer:
                raise Failed(f"QEMU refuses {command}: {answer['error']}")
        return answer["return"]

    def executed(self):
        """Waits for the machine to turn itself off; all instructions it executed."""
        self.ask("qmp_capabilities")
        while (event := self.next()).get("event") != "SHUTDOWN":
            pass
        if event["data"]["reason"] != "guest-shutdown":
            raise Failed(f"the machine went off by {event['data']['reason']}")
        executed = self.ask("query-replay")["icount"]
        self.socket.sendall(b'{"execute": "quit"}\n')
        return executed


def read_counts(path):
    """("mark" or "end", phase, owner) -> instructions of core 0."""
    counts = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            words = line.split()
            if words[0] in ("mark", "end"):
                when, phase, core, owner, number = words
                if core != "0":
                    raise Failed(f"core {core} executed {number} instructions of {owner}; only core 0 is in use")
                counts[when, phase, owner] = int(number)
            elif words[0] == "mark-change":
                counts[words[0], words[1], words[2]] = int(words[3])
    return counts


def check_total(counts, executed):
    total = sum(number for (when, _, _), number in counts.items() if when == "end")
    if not 0 <= total - executed <= total * TOLERANCE:
        raise Failed(f"{total} instructions were counted, but QEMU executed {executed}")


def tail(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()[-2000:]


def boot(system, directory, name, marker, append=None, progress=lambda: None, more=()):
    """Boots a system whose guest turns itself off, with `more` on QEMU's command line; the counts."""
    if not os.path.exists(PLUGIN):
        raise Failed(f"{PLUGIN} does not exist; build it with make bench")
    os.makedirs(directory, exist_ok=True)
    initrd, serial, out = (os.path.join(directory, name + end) for end in (".cpio", ".log", ".counts"))
    compiled = bundle.write(system, initrd, {"append": append})
    for path in (serial, out):
        open(path, "w", encoding="ascii").close()
    ours, theirs = socket.socketpair()
    args = run.command(compiled.system.board, KERNEL + ".bin", initrd)
    machine = args[args.index("-machine") + 1] + ",memory-backend=ram"
    args = replaced(replaced(args, "-machine", machine), "-m", str(RAM_MIB)) + [
        "-object", f"memory-backend-file,id=ram,size={RAM_MIB}M,mem-path={RAM},share=off",
        "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "clock=vm", "-serial", f"file:{serial}", "-monitor", "none",
        "-no-shutdown", "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control",
        "-plugin", plugin(serial, out, marker), *more]
    qemu = subprocess.Popen(args, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    theirs.close()
    try:
        executed = Monitor(ours, progress).executed()
        status = qemu.wait(LIMIT)
        counts = read_counts(out)
        if status != 0 or not any(when == "mark" for when, _, _ in counts):
            raise Failed(f"QEMU ended with {status}, and {marker!r} did not come")
        check_total(counts, executed)
    except Failed as e:
        raise Failed(f"{name}: {e}; the console ends with\n{tail(serial)}") from e
    finally:
        qemu.kill()
        qemu.wait()
        ours.close()
    return counts
