# SPDX-License-Identifier: BSD-2-Clause
"""Byte layouts that scenarios reach into: rings of services/lib/ring.h and frames.h, and split virtqueues (virtio 1.2, 2.7)."""
import struct

HEAD, ROOM_ASKED, TAIL, DATA_ASKED, DATA = 0, 4, 64, 68, 128


def capacity(memory):
    return 1 << (len(memory) - DATA).bit_length() - 1


def word(memory, offset):
    return struct.unpack_from("<I", memory, offset)[0]


def ring_write(memory, data):
    """Returns how many bytes fitted, and whether the reader asked to be told."""
    size, head = capacity(memory), word(memory, HEAD)
    count = min(len(data), size - (head - word(memory, TAIL)) % 2**32)
    for i in range(count):
        memory[DATA + (head + i) % size] = data[i]
    struct.pack_into("<I", memory, HEAD, (head + count) % 2**32)
    asked = word(memory, DATA_ASKED)
    struct.pack_into("<I", memory, DATA_ASKED, 0)
    return count, asked != 0


def ring_read(memory, most=1 << 31):
    """What there is, up to `most` bytes, and whether the writer asked to be told."""
    size, head, tail = capacity(memory), word(memory, HEAD), word(memory, TAIL)
    count = min((head - tail) % 2**32, most)
    data = bytes(memory[DATA + (tail + i) % size] for i in range(count))
    struct.pack_into("<I", memory, TAIL, (tail + count) % 2**32)
    asked = word(memory, ROOM_ASKED)
    struct.pack_into("<I", memory, ROOM_ASKED, 0)
    return data, asked != 0


SLOTS, SLOT_BYTES, FIRST_SLOT, FRAME = 64, 2048, 4096, 16  # services/lib/frames.h


def frame_write(memory, data, length=None):
    """Whether there was room, and whether the reader asked to be told. `length`: what the slot says instead."""
    head = word(memory, HEAD)
    if (head - word(memory, TAIL)) % 2**32 >= SLOTS:
        return False, False
    at = FIRST_SLOT + head % SLOTS * SLOT_BYTES
    struct.pack_into("<I", memory, at, len(data) if length is None else length)
    memory[at + FRAME:at + FRAME + len(data)] = data
    struct.pack_into("<I", memory, HEAD, (head + 1) % 2**32)
    asked = word(memory, DATA_ASKED)
    struct.pack_into("<I", memory, DATA_ASKED, 0)
    return True, asked != 0


def frame_read(memory):
    """The oldest frame, None if there is none; and whether the writer asked to be told."""
    head, tail = word(memory, HEAD), word(memory, TAIL)
    if head == tail:
        return None, False
    at = FIRST_SLOT + tail % SLOTS * SLOT_BYTES
    data = bytes(memory[at + FRAME:at + FRAME + word(memory, at)])
    struct.pack_into("<I", memory, TAIL, (tail + 1) % 2**32)
    asked = word(memory, ROOM_ASKED)
    struct.pack_into("<I", memory, ROOM_ASKED, 0)
    return data, asked != 0


def half(memory, offset, *value):
    if value:
        struct.pack_into("<H", memory, offset, value[0] % 2**16)
    return struct.unpack_from("<H", memory, offset)[0]


def put_descriptor(memory, offset, d):
    struct.pack_into("<QIHH", memory, offset + 16 * d.index, d.address, d.length, d.flags, d.next)


def put_available(memory, offset, a):
    index = half(memory, offset + 2)
    for head in a.head:
        half(memory, offset + 4 + 2 * (index % a.num), head)
        index += 1
    half(memory, offset + 2, a.index if a.HasField("index") else index)
    if a.HasField("flags"):
        half(memory, offset, a.flags)
    if a.HasField("used_event"):
        half(memory, offset + 4 + 2 * a.num, a.used_event)


def used_fields(memory, offset, num):
    """What message Used can be compared with."""
    index = half(memory, offset + 2)
    identity, length = struct.unpack_from("<II", memory, offset + 4 + 8 * ((index - 1) % num))
    return {"index": index, "id": identity, "length": length, "avail_event": half(memory, offset + 4 + 8 * num)}
