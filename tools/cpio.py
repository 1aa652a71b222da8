#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write newc cpio archives that depend on nothing but their contents.

    cpio.py OUTPUT NAME=FILE ...      an archive of regular files, in the order given

As a module: Archive() with directory(), file(), device(), link(), then bytes(). Owner is root, time
is 0 and inode numbers count from 1, so equal contents give equal bytes.
"""
import os
import stat
import sys


class Archive:
    def __init__(self):
        self._parts = []
        self._size = 0
        self._names = set()

    def _add(self, name, mode, data=b"", links=1, device=(0, 0)):
        plain = name.rstrip("\0")
        if plain in self._names:
            raise ValueError(f"{name} is twice in the archive")
        self._names.add(plain)
        encoded = name.encode() + b"\0"
        trailer = name == "TRAILER!!!"
        fields = [0 if trailer else len(self._names), mode, 0, 0, links, 0, len(data), 0, 0,
                  device[0], device[1], len(encoded), 0]
        for value in fields:
            if value >= 1 << 32:
                raise ValueError(f"{name} is too large for a newc archive")
        self._append(b"070701" + "".join(f"{v:08x}" for v in fields).encode() + encoded)
        self._append(data)

    def _append(self, data):
        pad = -len(data) % 4
        self._parts.append(data + b"\0" * pad)
        self._size += len(data) + pad

    def directory(self, name, mode=0o755):
        self._add(name, stat.S_IFDIR | mode, links=2)

    def file(self, name, data, mode=0o644, align=1):
        """A regular file; its data begins at a multiple of `align` (a power of two) bytes.

        The gap is filled by padding the name with NULs, which every reader skips.
        """
        if align > 4:
            start = self._size + 110 + len(name.encode()) + 1
            name += "\0" * (-start % align)
        self._add(name, stat.S_IFREG | mode, data)

    def device(self, name, major, minor, mode=0o600):
        self._add(name, stat.S_IFCHR | mode, device=(major, minor))

    def link(self, name, target):
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def bytes(self):
        """The finished archive, a multiple of 512 bytes; nothing can be added afterwards."""
        self._add("TRAILER!!!", 0)
        out = b"".join(self._parts)
        return out + b"\0" * (-len(out) % 512)


def main(output, *entries):
    archive = Archive()
    for entry in entries:
        name, _, path = entry.partition("=")
        with open(path, "rb") as f:
            archive.file(name, f.read(), 0o755 if os.access(path, os.X_OK) else 0o644)
    with open(output, "wb") as f:
        f.write(archive.bytes())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: cpio.py OUTPUT NAME=FILE ...")
    main(*sys.argv[1:])
