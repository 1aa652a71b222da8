# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's device trees, as Python objects."""
import subprocess

from machine import option
from devicetree import Node, cells, read, write  # noqa: F401


def of_qemu(args, path):
    """What QEMU tells a kernel that it starts with this command line."""
    machine = args[args.index("-machine") + 1]
    subprocess.run(option(args, "-machine", f"{machine},dumpdtb={path}"), check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, "rb") as f:
        return f.read()
