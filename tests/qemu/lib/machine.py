# SPDX-License-Identifier: BSD-2-Clause
"""A QEMU with a system of ours, or `make run`: starts it, types, waits for words on its serial port.

Every wait has a limit in seconds of the host, far above what is expected: it ends a test whose system hangs,
and decides nothing else. Nothing outlives the test: a Process is killed when its with statement is left.
"""
import os
import pty
import re
import select
import signal
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
SHOWN = 2000  # characters of output with a failure

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

EMULATED = {"its": '["its", 0x0808_0000, 0x2_0000, 0, 0x22, [0]]'}  # of a guest, beside the controller

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
            f.write(VM.format(id=number + 1, name=name, cpus=cpus, image=image, backend=backend)
                    .replace("emu_devices = []", f"emu_devices = [{EMULATED.get(name, '')}]"))
        text += f'\n[[vm]]\nfile = "{path}"\ncore = 0\n'
    path = os.path.join(directory, "system.toml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def option(args, name, value):
    """The command line with that option's value replaced."""
    at = args.index(name) + 1
    return args[:at] + [value] + args[at + 1:]


class Process:
    """A program that boots a system, with its input and output; the text so far is in `text`.

    Use it in a with statement. `terminal`: on a terminal of its own instead of pipes.
    """

    def __init__(self, args, environment=None, terminal=False):
        self.args = args
        self.environment = dict(os.environ, **(environment or {}))
        self.terminal = terminal
        self.text = ""
        self.at = 0  # what is before has been waited for
        self.process = self.input = self.output = None

    def __enter__(self):
        if self.terminal:
            self.input, there = pty.openpty()
            self.output = self.input
        else:
            there, self.input = os.pipe()
            self.output, write = os.pipe()
        # In a session of its own, so that what it started is ended with it.
        self.process = subprocess.Popen(self.args, cwd=ROOT, stdin=there, stdout=there if self.terminal else write,
                                        stderr=subprocess.STDOUT, env=self.environment, start_new_session=True)
        os.close(there)
        if not self.terminal:
            os.close(write)
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for descriptor in {self.input, self.output} - {None}:
            os.close(descriptor)

    def end_input(self):
        """The end of its standard input, a pipe."""
        os.close(self.input)
        self.input = None

    def read(self, end):
        """Adds output to the text; False at its end."""
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.output], [], [], left)[0]:
            raise Failed("nothing more came; the output ends with\n" + self.text[-SHOWN:])
        try:
            data = os.read(self.output, 65536)
        except OSError:  # a terminal whose other end is closed
            data = b""
        self.text += data.decode("utf-8", "replace").replace("\r", "")
        return bool(data)

    def see(self, pattern, limit=LIMIT, start=0):
        """Waits for a match anywhere behind `start`; returns it."""
        end = time.monotonic() + limit
        expression = re.compile(pattern, re.MULTILINE)
        while not (match := expression.search(self.text, start)):
            if not self.read(end):
                raise Failed(f"it ended without {pattern!r}; its output ends with\n" + self.text[-SHOWN:])
        return match

    def wait(self, pattern, limit=LIMIT):
        """Waits for a match behind the one before; returns it."""
        match = self.see(pattern, limit, self.at)
        self.at = match.end()
        return match

    def off(self, limit=LIMIT):
        """Waits until it ends; returns its exit status."""
        end = time.monotonic() + limit
        while self.read(end):
            pass
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failed("its output ended, it did not") from None

    def type(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.input, data):]


class Machine(Process):
    """QEMU with a bundle of ours."""

    def __init__(self, system, disk=None, overrides=None, change=None, kernel=None, spoil=None):
        """`change` may replace QEMU's command line, a list; `spoil` changes what the compiler made of the system."""
        self.directory = tempfile.TemporaryDirectory(prefix="skerry-test-")
        self.bundle = os.path.join(self.directory.name, "bundle.cpio")
        self.compiled = bundle.write(system, self.bundle, overrides or {})
        if spoil:
            spoil(self.compiled)
            with open(self.bundle, "wb") as f:
                f.write(bundle.pack(self.compiled))
        args = run.command(self.compiled.system.board, kernel or bundle.kernel(self.compiled.system.board),
                           self.bundle, disk)
        super().__init__(change(args) if change else args)

    def __exit__(self, *exception):
        super().__exit__(*exception)
        self.directory.cleanup()


def make_run(environment, terminal=False):
    """What `make run` starts, once all is built."""
    return Process([sys.executable, os.path.join(ROOT, "tools", "run.py")], environment, terminal)
