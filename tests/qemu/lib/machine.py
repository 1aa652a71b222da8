# SPDX-License-Identifier: BSD-2-Clause
"""A QEMU with a system of ours: builds the bundle, starts it, waits for words on its serial port.

Every wait has a limit in seconds of the host, far above what is expected: it ends a test whose system hangs,
and decides nothing else. Nothing outlives the test: QEMU is killed when its Machine is left.
"""
import os
import re
import select
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import bundle  # noqa: E402
import run  # noqa: E402
from results import Failed  # noqa: E402

KERNEL = os.path.join(ROOT, "build", bundle.ARCH, "kernel", "kernel.bin")
GUESTS = os.path.join(ROOT, "build", bundle.ARCH, "guests")
LIMIT = 60  # seconds of the host for one wait
SHOWN = 6000  # characters of output with a failure

VM = """[base]
id = {id}
name = "{name}"
vm_type = 1
cpu_num = {cpus}

[kernel]
entry_point = 0x8000_0000
kernel_path = "{image}"
kernel_load_addr = 0x8000_0000
memory_regions = [[0x8000_0000, 0x100_0000, 0x7, 0]]

[devices]
emu_devices = []
passthrough_devices = []
interrupt_mode = "emu"

[[skerry.device]]
name = "uart0"
compatible = "arm,pl011"
base = 0x0900_0000
length = 0x1000
irq = 33
server = "pl011"
backend = "{backend}"
"""

SYSTEM = """board = "qemu-virt"

[[core]]
number = 0
when_off = "system-off"

[[driver]]
name = "uart"
image = "pl011-driver"
device = "uart"

[console]
driver = "uart"
"""


def bare_system(directory, guests, backend="memory"):
    """A system file that runs (name, number of vCPUs) of tests/guests at once on core 0."""
    text = SYSTEM
    for number, (name, cpus) in enumerate(guests):
        path = os.path.join(directory, f"{name}.toml")
        image = os.path.join(GUESTS, name + ".bin")
        with open(path, "w", encoding="utf-8") as f:
            f.write(VM.format(id=number + 1, name=name, cpus=cpus, image=image, backend=backend))
        text += f'\n[[vm]]\nfile = "{path}"\ncore = 0\n'
    path = os.path.join(directory, "system.toml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def option(args, name, value):
    """The command line with that option's value replaced."""
    at = args.index(name) + 1
    return args[:at] + [value] + args[at + 1:]


class Machine:
    """QEMU with a bundle; the text so far is in `text`. Use it in a with statement."""

    def __init__(self, system, disk=None, overrides=None, change=None, kernel=KERNEL):
        """`change` may replace QEMU's command line, a list."""
        self.directory = tempfile.TemporaryDirectory(prefix="skerry-test-")
        self.bundle = os.path.join(self.directory.name, "bundle.cpio")
        self.compiled = bundle.write(system, self.bundle, overrides or {})
        args = run.command(self.compiled.system.board, kernel, self.bundle, disk)
        self.args = change(args) if change else args
        self.text = ""
        self.at = 0  # what is before has been waited for
        self.qemu = None

    def __enter__(self):
        self.qemu = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.wait()
        self.qemu.stdin.close()
        self.qemu.stdout.close()
        self.directory.cleanup()

    def read(self, end):
        """Adds output to the text; False at its end."""
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.qemu.stdout], [], [], left)[0]:
            raise Failed("nothing more came; the output ends with\n" + self.text[-SHOWN:])
        data = os.read(self.qemu.stdout.fileno(), 65536)
        self.text += data.decode("utf-8", "replace").replace("\r", "")
        return bool(data)

    def wait(self, pattern, limit=LIMIT):
        """Waits for a match behind the one before; returns it."""
        end = time.monotonic() + limit
        expression = re.compile(pattern, re.MULTILINE)
        while not (match := expression.search(self.text, self.at)):
            if not self.read(end):
                raise Failed(f"QEMU ended without {pattern!r}; its output ends with\n" + self.text[-SHOWN:])
        self.at = match.end()
        return match

    def off(self, limit=LIMIT):
        """Waits until QEMU ends; returns its exit status."""
        end = time.monotonic() + limit
        while self.read(end):
            pass
        return self.qemu.wait()

    def type(self, text):
        self.qemu.stdin.write(text.encode())
        self.qemu.stdin.flush()
