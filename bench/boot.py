# SPDX-License-Identifier: BSD-2-Clause
"""What boots: the kernel's size, what the figures are of, and whether a guest finds its memory zeroed."""
import hashlib
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))

from counted import BUILD, Failed, KERNEL, ROOT, boot, sections  # noqa: E402
import bundle  # noqa: E402
from skerryc.compile import compile_system  # noqa: E402
from linux import SYSTEM  # noqa: E402


def kernel_bytes(_directory, _progress):
    found = sections()
    return {"kernel_bytes": sum(found[name][1] for name in (".text", ".rodata", ".boot"))}


def zeroed(directory, progress):
    """A guest of the size of Linux's looks at all of its memory, on RAM that was full of a pattern."""
    boot(os.path.join(HERE, "zeroed.toml"), directory, "zeroed", "1 passed", progress=progress)
    return {}


def image():
    """A hash of the kernel and of the programs in the bundle that Linux boots from."""
    programs = compile_system(SYSTEM, ROOT, os.path.join(BUILD, bundle.ARCH, "services"), {}).programs
    total = hashlib.sha256()
    with open(KERNEL + ".bin", "rb") as f:
        total.update(hashlib.sha256(f.read()).digest())
    for name in sorted(programs):
        total.update(name.encode() + b"\0" + hashlib.sha256(bundle.stripped(programs[name])).digest())
    return total.hexdigest()


def guest():
    with open(os.path.join(BUILD, "guest", "version"), encoding="utf-8") as f:
        version = f.readline().strip()
    if not version:
        raise Failed("build/guest/version is empty; make guest")
    return version
