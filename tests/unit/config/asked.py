# SPDX-License-Identifier: BSD-2-Clause
"""skerryc check and skerryc generate, as from a command line."""
import contextlib
import io
import os
import tempfile
import tomllib

import fixture
from skerryc import commands


def same(value, expected):
    if value != expected:
        raise AssertionError(f"is {value!r}, expected {expected!r}")


class Asked:
    """A project that has a system "default", too."""

    def __init__(self, top, directory):
        self.project = fixture.Project(directory, os.path.join(top, "idl"))
        self.project.write("configs/systems/default.toml", fixture.SYSTEM.replace("256", "384").encode())
        self.remarks = ""

    def say(self, *arguments):
        """What it prints, or what it ends with."""
        out, remarks = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(remarks):
            try:
                commands.main(list(arguments), self.project.root)
            except SystemExit as end:
                return end.code
            finally:
                self.remarks = remarks.getvalue()
        return out.getvalue()

    def check(self, name, *more):
        return self.say("check", "-c", self.project.path(name), *more)

    def generate(self, **keys):
        options = {"a": "aarch64", "i": "7", "n": "mine", "t": "linux", "c": "1", "e": "0x8020_0000", "k": "kernel.bin",
                   "l": "0x8020_0000", "O": self.project.path("new.toml")}
        options.update(keys)
        words = [word for key, value in options.items() for word in (("-" if len(key) == 1 else "--") + key, value)]
        return self.say("generate", *words)


def asked(test):
    def run(top):
        with tempfile.TemporaryDirectory() as directory:
            test(Asked(top, directory))
    return run


def verdicts(it):
    same(it.check("configs/vms/a.toml"),
         "configs/vms/a.toml: right: VM a with 1 vCPU, 16 MiB, 2 served devices, on core 0 of default\n")
    same(it.check("configs/vms/a.toml", "-s", "s")[-5:], "of s\n")
    same(it.check("configs/systems/s.toml"), "configs/systems/s.toml: right: a system of 2 cores with 1 VM\n")
    same(it.check("configs/boards/board.toml"), "configs/boards/board.toml: right: a board of 2 cores, 512 MiB\n")
    it.project.edit([("vm", "cpu_num = 1", "cpu_num = 9")])
    for name in ("vms/a", "systems/s"):
        same(it.check(f"configs/{name}.toml"), "configs/vms/a.toml:5: base.cpu_num: 9 is out of range; give 1 to 8")
    it.project.edit([("vm", "vm_type = 2", "vm_type = 9")])
    same(it.check("configs/vms/a.toml").split(":")[1], " right")
    same(it.remarks, "configs/vms/a.toml:4: base.vm_type: 9 is not known; taken as 1 (RTOS)\n")


def no_verdict(it):
    same(it.check("none.toml"), "none.toml: cannot be read (No such file or directory); check the name")
    same(it.check("ramdisk.gz"), "ramdisk.gz:1: is not TOML: invalid statement; correct this line")
    it.project.write("x.toml", b"x = 1\n")
    same(it.check("x.toml"), "x.toml: is no VM file, which has [base], no system file, which has board, and no board file, which "
                             "has cpus; give one")
    same(it.check("configs/vms/a.toml", "-s", "t"), 'there is no system "t"; CONFIG is one of default, s, or a path that ends '
                                                    "in .toml")
    same(it.say("check"), 2)


def generated(it):
    same(it.generate(cmdline='a "b" \\ \x07'),
         "new.toml: right: VM mine with 1 vCPU, 256 MiB, 1 served device, on core 0 of default\n")
    with open(it.project.path("new.toml"), "rb") as f:
        data = tomllib.load(f)
    same(data["base"], {"id": 7, "name": "mine", "vm_type": 2, "cpu_num": 1})
    same(data["kernel"], {"entry_point": 0x80200000, "image_location": "fs", "kernel_path": "kernel.bin",
                          "kernel_load_addr": 0x80200000, "cmdline": 'a "b" \\ \x07',
                          "memory_regions": [[0x80200000, 0x10000000, 7, 0]]})
    same(it.generate(t="1", k="flat.bin", **{"image-location": "memory"}),
         "new.toml: right: VM mine with 1 vCPU, 16 MiB, 1 served device, on core 0 of default\n")


def not_generated(it):
    same(it.generate(a="riscv64"), 'there is no board of "riscv64"; give aarch64')
    same(os.path.exists(it.project.path("new.toml")), False)
    same(it.generate(k="none.bin"), 'new.toml:12: kernel.kernel_path: "none.bin" does not exist, here or below the project\'s '
                                    "directory; build it, or correct the name")
    same(it.generate(n="no name"), 'new.toml:5: base.name: "no name" cannot be a name; use 1 to 31 letters, digits, "-", "_" '
                                   'and "."')
    same(it.generate(O="/none/x.toml"), "/none/x.toml: cannot be written: No such file or directory; give another name")
    same(it.generate(t="x"), 2)
    same(it.generate(c="x"), 2)


TESTS = {
    "check: one line about a file that is right": asked(verdicts),
    "check: what is no such file": asked(no_verdict),
    "generate: a file that check accepts": asked(generated),
    "generate: what it refuses": asked(not_generated),
}
