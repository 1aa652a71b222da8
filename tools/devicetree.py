# SPDX-License-Identifier: BSD-2-Clause
"""Device trees as Python objects (Devicetree Specification 0.4, chapter 5), read, changed and written."""
import struct
from dataclasses import dataclass, field

BEGIN, END, PROPERTY, NOP, LAST = 1, 2, 3, 4, 9
HEADER = struct.Struct(">10I")
MAGIC = 0xd00dfeed


@dataclass
class Node:
    name: str
    properties: dict = field(default_factory=dict)  # name -> bytes
    children: list = field(default_factory=list)

    def child(self, name):
        return next(node for node in self.children if node.name == name)

    def disable(self, *names):
        """All children whose names begin so."""
        for node in self.children:
            if node.name.startswith(names):
                node.properties["status"] = b"disabled\0"


def cells(*values):
    return struct.pack(f">{len(values)}I", *values)


def read(data):
    _, _, structure, strings = struct.unpack_from(">4I", data)
    at, stack = structure, [Node("")]
    while True:
        tag, = struct.unpack_from(">I", data, at)
        at += 4
        if tag == BEGIN:
            end = data.index(b"\0", at)
            stack.append(Node(data[at:end].decode()))
            stack[-2].children.append(stack[-1])
            at = (end + 4) & ~3
        elif tag == END:
            stack.pop()
        elif tag == PROPERTY:
            length, name = struct.unpack_from(">2I", data, at)
            name = data[strings + name:data.index(b"\0", strings + name)].decode()
            stack[-1].properties[name] = data[at + 8:at + 8 + length]
            at = (at + 8 + length + 3) & ~3
        elif tag == LAST:
            return stack[0].children[0]


def write(root):
    strings = bytearray()

    def padded(text):
        return text + bytes(-len(text) % 4)

    def block(node):
        text = cells(BEGIN) + padded(node.name.encode() + b"\0")
        for name, value in node.properties.items():
            text += cells(PROPERTY, len(value), len(strings)) + padded(value)
            strings.extend(name.encode() + b"\0")
        return text + b"".join(map(block, node.children)) + cells(END)

    structure = block(root) + cells(LAST)
    begin = HEADER.size + 16  # behind an empty memory reservation block
    size = begin + len(structure) + len(strings)
    return HEADER.pack(MAGIC, size, begin, begin + len(structure), HEADER.size, 17, 16, 0, len(strings), len(structure)) \
        + bytes(16) + structure + bytes(strings)
