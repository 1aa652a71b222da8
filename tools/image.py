#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write what a board's U-Boot boots: `make image BOARD=name`. docs/boards.md says what to do with it.

Environment: BOARD (a name in configs/boards), CONFIG (a system of that board; default: the system of the board's
name), KERNEL, INITRD, APPEND (the guest's, as for `make run`).

The folder build/BOARD/card gets Image (the kernel), bundle.cpio, system.dtb (where the board's file names a tree: else
U-Boot passes on its own) and boot.scr, the script that U-Boot runs; boot.cmd is its text.
"""
import os
import struct
import sys
import zlib

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)

import bundle  # noqa: E402
from skerryc.board import known_boards  # noqa: E402
from skerryc.source import ConfigError  # noqa: E402

TREES = os.path.join(ROOT, "build", "deps", "trees")
BLOCK = 2 << 20
TREE_BYTES = 2 << 20  # the arm64 boot protocol's limit

# Arm64 images: code, text_offset, image_size, flags, three words, magic. (Linux, Documentation/arm64/booting.rst)
IMAGE = struct.Struct("<8xQQQ24x4s4x")
IMAGE_MAGIC = b"ARM\x64"
IMAGE_ANYWHERE = 8  # of flags

# U-Boot's legacy images: magic, header's CRC, time, bytes of data, where to load and enter, data's CRC, system,
# architecture, type, compression, name.
LEGACY = struct.Struct(">7I4B32s")
LEGACY_MAGIC = 0x27051956
LEGACY_LINUX, LEGACY_ARM64, LEGACY_SCRIPT = 5, 22, 6

# Addresses are [[boot]]'s of the board, so nothing may be moved: what U-Boot does with initrd and tree unless told not to.
SCRIPT = """# {system} for {board}, by make image. Sizes are those of the files of the same make: a card with others does not boot.
setenv fdt_high 0xffffffffffffffff
setenv initrd_high 0xffffffffffffffff
if {loads}; then
  booti 0x{kernel:x} 0x{bundle:x}:0x{bundle_bytes:x} 0x{tree:x}
fi
echo "skerry: not booted: a file of the card is missing, or not of the same make image as boot.scr"
"""


def script_image(text, name):
    """What mkimage -T script makes of it, but for the time. The data begins with the length of each script."""
    data = struct.pack(">II", len(text), 0) + text

    def header(crc):
        return LEGACY.pack(LEGACY_MAGIC, crc, 0, len(data), 0, 0, zlib.crc32(data), LEGACY_LINUX, LEGACY_ARM64,
                           LEGACY_SCRIPT, 0, name.encode())

    return header(zlib.crc32(header(0))) + data


def load(base, name, size):
    """A file that must be of this size."""
    return (f"load ${{devtype}} ${{devnum}}:${{distro_bootpart}} 0x{base:x} ${{prefix}}{name} && "
            f"test 0x${{filesize}} -eq 0x{size:x}")


def place_of_kernel(board, kernel):
    """[[boot]]'s, which must be one that the image's header allows: else booti would move it."""
    text_offset, image_bytes, flags, magic = IMAGE.unpack_from(kernel)
    base, size = board.boot_part("kernel")
    if magic != IMAGE_MAGIC or not flags & IMAGE_ANYWHERE:
        raise ConfigError(f"{bundle.kernel(board)}: is no arm64 Image that can be anywhere in memory; build it again")
    if base % BLOCK != text_offset or image_bytes > size or not board.in_ram(base, size):
        raise ConfigError(f"configs/boards/{board.name}.toml: [[boot]] kernel is 0x{base:x}, 0x{size:x} bytes: it must be in [ram], "
                          f"0x{text_offset:x} above a multiple of 0x{BLOCK:x}, and have 0x{image_bytes:x} bytes")
    return base, size


def places(board, kernel, bundle_bytes):
    """Where kernel, bundle and tree are in memory: (name, base, size), none over another."""
    parts = [("kernel", *place_of_kernel(board, kernel)), ("bundle", board.boot_part("bundle")[0], bundle_bytes)]
    parts.append(("tree", -(-(parts[1][1] + bundle_bytes) // BLOCK) * BLOCK, TREE_BYTES))
    for i, (name, base, size) in enumerate(parts):
        if not board.in_ram(base, size):
            raise ConfigError(f"configs/boards/{board.name}.toml: the {name}, 0x{base:x} to 0x{base + size - 1:x}, is not in [ram]; "
                              "move [[boot]] bundle")
        for other, start, length in parts[:i]:
            if base < start + length and start < base + size:
                raise ConfigError(f"configs/boards/{board.name}.toml: the {name}, 0x{base:x} to 0x{base + size - 1:x}, overlaps the "
                                  f"{other}; move [[boot]] {other} or bundle")
    return {name: base for name, base, _ in parts}


def write(path, data):
    with open(path + ".part", "wb") as f:
        f.write(data)
    os.rename(path + ".part", path)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def tree_of(board):
    """The board's device tree, as it is."""
    path = os.path.join(TREES, board.tree)
    if not os.path.isfile(path):
        raise ConfigError(f"{path}: does not exist; make deps fetches it")
    return read(path)


def make(name, system, directory, overrides=None):
    """The files for the board of that name; the folder."""
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, "bundle.cpio")
    compiled = bundle.write(system, path, overrides or {})
    board = compiled.system.board
    if board.name != name:
        raise ConfigError(f"the system {system} is for the board {board.name}; give CONFIG=system, one whose board is {name}")
    if not os.path.isfile(bundle.kernel(board)):
        raise ConfigError(f"{bundle.kernel(board)}: does not exist; build it with make")
    kernel, bundle_bytes = read(bundle.kernel(board)), os.path.getsize(path)
    at = places(board, kernel, bundle_bytes)
    loads = [load(at["kernel"], "Image", len(kernel)), load(at["bundle"], "bundle.cpio", bundle_bytes)]
    if board.tree:
        tree = tree_of(board)
        write(os.path.join(directory, "system.dtb"), tree)
        loads.append(load(at["tree"], "system.dtb", len(tree)))
    else:
        loads.append(f"fdt addr ${{fdtcontroladdr}} && fdt move ${{fdtcontroladdr}} 0x{at['tree']:x}")
    text = SCRIPT.format(system=system, board=name, loads=" && ".join(loads), bundle_bytes=bundle_bytes, **at).encode()
    write(os.path.join(directory, "Image"), kernel)
    write(os.path.join(directory, "boot.cmd"), text)
    write(os.path.join(directory, "boot.scr"), script_image(text, f"Skerry: {system}"[:32]))
    return directory


def main():
    name = os.environ.get("BOARD") or ""
    boards = known_boards(ROOT)
    if name not in boards:
        sys.exit(f'image: there is no board "{name}"; give BOARD={" or ".join(boards)}')
    directory = os.path.join(ROOT, "build", name, "card")
    try:
        make(name, os.environ.get("CONFIG") or name, directory, {"kernel": os.environ.get("KERNEL"),
                                                                  "ramdisk": os.environ.get("INITRD"),
                                                                  "append": os.environ.get("APPEND")})
    except (ConfigError, OSError) as e:
        sys.exit(f"image: {e}")
    print(f"The files of {os.path.relpath(directory, os.getcwd())} go onto the card; docs/boards.md says how.")


if __name__ == "__main__":
    main()
