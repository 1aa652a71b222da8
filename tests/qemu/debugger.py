#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make run GDB=...: the machine waits for a debugger, the line that is printed fits, and it stops in the kernel."""
import os
import re
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gdb import Gdb  # noqa: E402
from machine import KERNEL, bundle, make_run  # noqa: E402
from results import case, finish, require  # noqa: E402

WORDS = 16


def symbol(elf, name):
    text = subprocess.run([f"{bundle.ARCH}-linux-gnu-nm", elf], check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(re.search(rf"^(\w+) \w {name}$", text, re.MULTILINE)[1], 16)


def free_port():
    with socket.socket() as s:
        s.bind(("localhost", 0))
        return s.getsockname()[1]


def debug():
    port = free_port()
    with make_run({"CONFIG": "bare", "GDB": str(port)}) as machine:
        elf = machine.wait(rf"^gdb-multiarch (/.*/kernel\.elf) -ex 'target remote :{port}'$")[1]
        gdb = Gdb(("localhost", port), machine=machine)
        require("passed" not in machine.text, "the machine did not wait")
        entry = symbol(elf, "kernel_start")
        gdb.stop_at(entry)
        gdb.resume()
        require(gdb.get("pc") == entry, "the kernel's symbols are not where it is")
        offset = entry - symbol(elf, "image_head")
        with open(KERNEL, "rb") as f:
            f.seek(offset)
            require(gdb.memory(entry, 4 * WORDS) == f.read(4 * WORDS), "there is other code than the kernel's")
        gdb.forget(entry)
        gdb.close()
        machine.wait(r"^\[vmm\.bare\] \d+ passed, 0 failed$")
        status = machine.off()
    require(status == 0, f"the exit status is {status}")


case("debugger: waits, stops in the kernel, and goes on without it", debug)
finish()
