# SPDX-License-Identifier: BSD-2-Clause
"""A boot loader for boards of QEMU that have a device tree of their own: what U-Boot's booti does there.

QEMU's own, given -kernel, -initrd and -dtb, describes all memory as one range, without the board's holes. So files
are put into memory (-device loader), and core 0 starts with three instructions that go on to the kernel with the
device tree's address, as the arm64 boot protocol says.
"""
import os
import struct

import devicetree
import image

ENTRY = 0x1000
START = struct.pack("<4I", 0x58000080,  # ldr x0, .+16
                    0x580000a1,         # ldr x1, .+20
                    0xd61f0020,         # br x1
                    0xd503201f)         # nop


def with_bundle(tree, base, size):
    """A device tree with the bundle in /chosen."""
    root = devicetree.read(tree)
    chosen = root.child("chosen")
    chosen.properties["linux,initrd-start"] = struct.pack(">Q", base)
    chosen.properties["linux,initrd-end"] = struct.pack(">Q", base + size)
    return devicetree.write(root)


def arguments(board, kernel, bundle):
    """Of QEMU's command line; files are made beside the bundle."""
    directory, size = os.path.dirname(bundle), os.path.getsize(bundle)
    at = image.places(board, image.read(kernel), size)
    tree = os.path.join(directory, "loaded.dtb")
    image.write(tree, with_bundle(image.tree_of(board), at["bundle"], size))
    start = os.path.join(directory, "loader.bin")
    image.write(start, START + struct.pack("<2Q", at["tree"], at["kernel"]))
    words = []
    for path, base, more in ((kernel, at["kernel"], ""), (bundle, at["bundle"], ""), (tree, at["tree"], ""), (start, ENTRY, ",cpu-num=0")):
        words += ["-device", f"loader,file={path.replace(',', ',,')},addr=0x{base:x},force-raw=on{more}"]
    return words
