#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `make image` writes, read by what others say of it: Linux's boot protocol, U-Boot's image format, the device tree.

And a board's file against its device tree. tests/qemu/booti.py has U-Boot itself read such a card.
"""
import copy
import hashlib
import os
import re
import struct
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[0:0] = [os.path.join(ROOT, "tests", "qemu", "lib"), os.path.join(ROOT, "tools")]

from results import case, finish, require  # noqa: E402
import bundle  # noqa: E402
import deps  # noqa: E402
import devicetree  # noqa: E402
import image  # noqa: E402
from skerryc.board import load  # noqa: E402
from skerryc.source import ConfigError  # noqa: E402

CARDS = [("zcu102", "zcu102"), ("qemu-virt", "memory-disk")]
BLOCK = 2 << 20
GROWS = 0x3000  # bytes by which booti enlarges a tree (CONFIG_SYS_FDT_PAD)
VIRT_TREE = 0x100000  # of QEMU's virt, which U-Boot has


def board_of(name):
    return load(os.path.join(ROOT, "configs", "boards", name + ".toml"), ROOT)


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as f:
        return f.read()


def is_kernel(folder):
    data = read(folder, "Image")
    text_offset, image_size, flags = struct.unpack_from("<3Q", data, 8)
    require(data[56:60] == b"ARM\x64", "Image has not the magic number of an arm64 image")
    require(image_size >= len(data), f"image_size is {image_size}, and the file has {len(data)} bytes")
    require(flags == 0b1010, f"flags 0x{flags:x} are not: little endian, pages of 4 KiB, anywhere in memory")
    return text_offset, image_size


def script_of(folder):
    """boot.scr: header of 64 bytes, then the lengths of its scripts, and those."""
    data = read(folder, "boot.scr")
    magic, crc, _, size, _, _, data_crc, system, machine, kind, packed, name = struct.unpack_from(">7I4B32s", data)
    require((magic, system, machine, kind, packed) == (0x27051956, 5, 22, 6, 0), "boot.scr is no script for arm64")
    require(crc == zlib.crc32(data[:4] + bytes(4) + data[8:64]), "its header's checksum is another")
    require(size == len(data) - 64 and data_crc == zlib.crc32(data[64:]), "its data's length or checksum is another")
    require(name.rstrip(b"\0").startswith(b"Skerry: "), "it has no name")
    require(struct.unpack_from(">2I", data, 64) == (size - 8, 0), "it is not one script")
    require(data[72:] == read(folder, "boot.cmd"), "boot.cmd is not its text")
    return data[72:].decode()


def memory_of(board, folder):
    """(first, behind last) of what is RAM: by the device tree, where there is one."""
    if not board.tree:
        return [(base, base + size) for base, size in board.ram]
    root = devicetree.read(read(folder, "system.dtb"))
    return ranges(root.child("memory@0").properties["reg"])


def ranges(reg):
    values = struct.unpack(f">{len(reg) // 8}Q", reg)
    return [(base, base + size) for base, size in zip(values[::2], values[1::2])]


def check_card(name, folder):
    board = board_of(name)
    text_offset, image_size = is_kernel(folder)
    text = script_of(folder)
    loads = {file: int(base, 16) for base, file in re.findall(r"\bload \S+ \S+ (0x[0-9a-f]+) \$\{prefix\}(\S+)", text)}
    sizes = [int(size, 16) for size in re.findall(r"test 0x\$\{filesize\} -eq (0x[0-9a-f]+)", text)]
    require(list(loads) == ["Image", "bundle.cpio"] + ["system.dtb"] * bool(board.tree), f"it loads {list(loads)}")
    require(sizes == [len(read(folder, file)) for file in loads], "it checks other sizes than the files have")
    kernel, bundle, bundle_size, tree = (int(x, 16) for x in re.search(
        r"^ *booti (0x[0-9a-f]+) (0x[0-9a-f]+):(0x[0-9a-f]+) (0x[0-9a-f]+)$", text, re.M).groups())
    moved = re.search(r"fdt move \$\{fdtcontroladdr\} (0x[0-9a-f]+)", text)
    tree_size = VIRT_TREE if moved else len(read(folder, "system.dtb"))
    require(tree == (int(moved[1], 16) if moved else loads["system.dtb"]), "booti has not the tree's address")
    require((kernel, bundle) == (loads["Image"], loads["bundle.cpio"]), "booti has other addresses than load")
    require(bundle_size == len(read(folder, "bundle.cpio")), "booti has another size of the bundle")
    require(kernel % BLOCK == text_offset and bundle % 4096 == 0 and tree % 8 == 0, "an address is not aligned")
    parts = [(kernel, kernel + image_size), (bundle, bundle + bundle_size), (tree, tree + tree_size + GROWS)]
    memory = memory_of(board, folder)
    for i, (base, end) in enumerate(parts):
        require(any(first <= base < end <= last for first, last in memory), f"0x{base:x} to 0x{end:x} is not in memory")
        require(all(end <= first or last <= base for first, last in parts[:i]), f"0x{base:x} to 0x{end:x} overlaps")
    require(tree_size + GROWS <= BLOCK, "the tree is larger than the boot protocol allows")
    require(read(folder, "bundle.cpio")[:6] == b"070701", "bundle.cpio is no cpio archive")


def node(root, path):
    for name in path.split("/")[1:]:
        root = root.child(name)
    return root


def check_tree(name):
    """The board's file says what its tree says: memory, cores, devices, interrupt controller; and the tree is the pinned one."""
    board = board_of(name)
    data = read(image.TREES, board.tree)
    require(hashlib.sha256(data).hexdigest() in [digest for path, digest in deps.TREES if path.endswith("/" + board.tree)],
            "the tree is not the pinned one")
    root = devicetree.read(data)
    require(ranges(root.child("memory@0").properties["reg"]) == [(base, base + size) for base, size in board.ram], "other memory")
    cores = [int.from_bytes(cpu.properties["reg"], "big") for cpu in root.child("cpus").children if cpu.name.startswith("cpu@")]
    require(cores == board.cpus, f"other cores: {cores}")
    for device in board.devices.values():
        properties = node(root, device.path).properties
        require(ranges(properties["reg"])[0] == (device.base, device.base + device.size), f"{device.name} is elsewhere")
        kind, number, trigger = struct.unpack_from(">3I", properties["interrupts"])
        require((kind, number + 32, trigger) == (0, device.irq, 1 if device.edge else 4), f"{device.name} has another interrupt")
        require(properties["compatible"] == b"".join(text.encode() + b"\0" for text in device.compatible), f"{device.name}: compatible")
    for path in board.kernel_paths:
        for base, end in ranges(node(root, path).properties["reg"]):
            require(any(start <= base < end <= start + size for _, start, size in board.kernel_parts),
                    f"0x{base:x} to 0x{end - 1:x} of {path} could be given to a VM")
    for path in board.nodes:
        node(root, path)


def check_refused():
    """Places that cannot be are refused before anything is written."""
    good = board_of("zcu102")
    kernel = image.read(bundle.kernel(good))
    image.places(good, kernel, 0x100000)
    for what, boot in (("overlaps", [("kernel", 0x200000, 0x400000), ("bundle", 0x500000, 0)]),
                       ("is not in [ram]", [("kernel", 0x200000, 0x400000), ("bundle", 0x7ff80000, 0)]),
                       ("the tree, 0x80000000", [("kernel", 0x200000, 0x400000), ("bundle", 0x7ff00000, 0)]),
                       ("it must be", [("kernel", 0x280000, 0x400000), ("bundle", 0x8000000, 0)]),
                       ("it must be", [("kernel", 0x200000, 0x1000), ("bundle", 0x8000000, 0)]),
                       ('has no [[boot]] "bundle"', [("kernel", 0x200000, 0x400000)])):
        board = copy.copy(good)
        board.boot = boot
        try:
            image.places(board, kernel, 0x100000)
        except ConfigError as e:
            require(what in str(e), f"{boot}: {e}")
        else:
            require(False, f"{boot} is taken")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        for name, system in CARDS:
            folder = image.make(name, system, os.path.join(directory, name))
            case(f"image: the card of {name}", check_card, name, folder)
    case("image: zcu102's file is as its device tree", check_tree, "zcu102")
    case("image: places that cannot be", check_refused)
    finish()


main()
