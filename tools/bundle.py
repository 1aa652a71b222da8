#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compile a system and write its bundle, the newc cpio archive that the kernel boots from.

    bundle.py SYSTEM -o FILE [--kernel FILE] [--ramdisk FILE] [--append WORDS]

SYSTEM is a name in configs/systems or a file. The options replace the kernel and the ramdisk of the
first VM and of every Linux VM, and add to their command lines: `bundle.py bare --kernel X.bin` runs X.

The bundle holds, in this order: plan (boot/plan.h), init, manifest.0 and so on, the programs, the
guests' files. Every file begins on a page of its own, because what is granted to a service is mapped
by whole pages: behind its end there are only zeros and the next file's header.
"""
import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[0:0] = [HERE, os.path.join(ROOT, "build", "idl")]

from cpio import Archive  # noqa: E402
from skerryc.compile import PAGE, compile_system  # noqa: E402
from skerryc.source import ConfigError  # noqa: E402

ARCH = os.environ.get("ARCH") or "aarch64"


def kernel(board):
    """The kernel that is built for the board's interrupt controller."""
    return os.path.join(ROOT, "build", ARCH, f"kernel-gicv{board.gic}" if board.gic != 3 else "kernel", "kernel.bin")


def stripped(path):
    """The program without debug information, which would be most of it."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run([f"{ARCH}-linux-gnu-strip", "--strip-all", "-o", out.name, path], check=True)
        with open(out.name, "rb") as f:
            return f.read()


def pack(compiled):
    archive = Archive()
    archive.file("plan", compiled.plan, align=PAGE)
    archive.file("init", stripped(compiled.programs["init"]), 0o755, PAGE)
    for i, manifest in enumerate(compiled.manifests):
        archive.file(f"manifest.{i}", manifest.SerializeToString(deterministic=True), align=PAGE)
    for name in sorted(set(compiled.programs) - {"init"}):
        archive.file(name, stripped(compiled.programs[name]), 0o755, PAGE)
    for name, path in compiled.files.items():
        with open(path, "rb") as f:
            archive.file(name, f.read(), align=PAGE)
    # The last file's last page is mapped too: nothing may end before it does.
    data = archive.bytes()
    return data + b"\0" * (-len(data) % PAGE)


def write(system, output, overrides):
    """The system, compiled, with its bundle in `output`; remarks for the user go to stderr."""
    services = os.path.join(ROOT, "build", ARCH, "services")
    compiled = compile_system(system, ROOT, services, overrides)
    for note in compiled.notes:
        print(note, file=sys.stderr)
    os.makedirs(os.path.dirname(os.path.abspath(output)), exist_ok=True)
    part = output + ".part"
    with open(part, "wb") as f:
        f.write(pack(compiled))
    os.rename(part, output)
    return compiled


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--kernel")
    parser.add_argument("--ramdisk")
    parser.add_argument("--append")
    options = parser.parse_args()
    try:
        write(options.system, options.output, vars(options))
    except ConfigError as e:
        sys.exit(str(e))


if __name__ == "__main__":
    main()
