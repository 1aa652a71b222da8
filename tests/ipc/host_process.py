# SPDX-License-Identifier: BSD-2-Clause
"""A service built for this machine (tests/ipc/host), and the memory that outlives it."""
import mmap
import os
import signal
import struct
import subprocess

MESSAGE, SIGNAL, RETURN, DIE, FAIL = (ord(c) for c in "MSRDF")
IDLE, REPLY, CALL, RAISE, LINE, ACK, EXIT = (ord(c) for c in "IACGLQE")
DIED = 86
FIRST_SLOT = 16
SECONDS = 20  # until a service that says nothing counts as hanging


class Failure(Exception):
    """What a scenario expected is not what came."""


class Memories:
    """Files that the service maps and the runner reads and writes."""

    def __init__(self, folder):
        self.folder = folder
        self.maps = {}

    def add(self, name, size):
        path = self.path(name)
        with open(path, "wb") as f:
            f.truncate(size)
        with open(path, "r+b") as f:
            self.maps[name] = mmap.mmap(f.fileno(), size)

    def path(self, name):
        return os.path.join(self.folder, name)

    def __getitem__(self, name):
        if name not in self.maps:
            raise Failure(f"the scenario has no memory {name}")
        return self.maps[name]

    def close(self):
        for m in self.maps.values():
            m.close()


class Process:
    """One life of the service. `on_call(method, body)` answers its calls with (status, bytes)."""

    def __init__(self, program, setup, on_call):
        self.on_call = on_call
        self.lines, self.raised, self.calls, self.rung = [], [], [], []
        self.capabilities = 0
        self.replies = []
        self.errors = open(setup + ".err", "w+b")
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:exitcode=99", UBSAN_OPTIONS="print_stacktrace=1")
        self.process = subprocess.Popen([program, setup], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, env=environment)

    def read(self, size):
        data = b""
        while len(data) < size:
            part = os.read(self.process.stdout.fileno(), size - len(data))
            if not part:
                return None
            data += part
        return data

    def send(self, kind, payload):
        try:
            self.process.stdin.write(struct.pack("<II", kind, len(payload)) + payload)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def run(self):
        """Takes events until the service waits for a command. False: it died, as commanded."""
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(SECONDS)
        try:
            return self.events()
        finally:
            signal.alarm(0)

    def events(self):
        while True:
            header = self.read(8)
            if header is None:
                return self.ended()
            kind, length = struct.unpack("<II", header)
            payload = self.read(length)
            if payload is None:
                return self.ended()
            first, second = struct.unpack("<iI", payload[:8])
            if kind == IDLE:
                self.capabilities = first
                return True
            if kind == REPLY:
                self.replies.append((first, payload[8:], second))
            elif kind == LINE:
                self.lines.append(bool(second))
                if second:
                    self.rung.append(first)
            elif kind == RAISE:
                self.raised.append(first)
            elif kind == CALL:
                self.calls.append(second)
                status, body = self.on_call(second, payload[8:])
                self.send(RETURN, struct.pack("<iI", status, 0) + body)
            elif kind == EXIT:
                raise Failure(f"the service ended with status {first}{self.said()}")

    def ended(self):
        status = self.process.wait()
        if status == DIED:
            return False
        raise Failure(f"the service crashed (status {status}){self.said()}")

    def said(self):
        self.errors.flush()
        self.errors.seek(0)
        text = self.errors.read().decode("utf-8", "replace").strip()
        return ":\n" + text if text else ""

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()


def too_long(_number, _frame):
    raise Failure(f"the service neither answered nor waited for {SECONDS} seconds")
