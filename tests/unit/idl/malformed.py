# SPDX-License-Identifier: BSD-2-Clause
"""Bytes that are not the constant layout: `get` refuses them all.

What is no protobuf encoding of the message either, nanopb, the fallback and Google's runtime refuse
too; what is one, they take, and agree on the values.
"""

from google.protobuf import descriptor

from glue import FALLBACK, NANOPB, OURS
from properties import KINDS

BOOL = descriptor.FieldDescriptor.TYPE_BOOL


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def tag(field):
    wire_type = {1: 0, 32: 5, 64: 1}[KINDS[field.type][0]]
    return varint(field.number << 3 | wire_type)


def pieces(subject, wire):
    """The encoding cut into one piece per field, tag and value."""
    out = []
    at = 0
    for field in subject.fields:
        end = at + len(tag(field)) + max(KINDS[field.type][0] // 8, 1)
        out.append(wire[at:end])
        at = end
    subject.expect("length", at, len(wire))
    return out


def refused_by_all(subject, what, wire):
    for codec in (OURS, NANOPB, FALLBACK):
        subject.expect("%s: codec %d of %s" % (what, codec, wire.hex()),
                       subject.decode(codec, wire), None)
    subject.expect("%s: Google of %s" % (what, wire.hex()), subject.google_values(wire), None)


def refused_by_get(subject, what, wire, values):
    """Valid protobuf in another form."""
    subject.expect("%s: ours of %s" % (what, wire.hex()), subject.decode(OURS, wire), None)
    for codec in (NANOPB, FALLBACK):
        subject.expect("%s: codec %d of %s" % (what, codec, wire.hex()),
                       subject.decode(codec, wire), values)
    subject.expect("%s: Google of %s" % (what, wire.hex()), subject.google_values(wire), values)


def check_truncated(subject):
    wire = subject.google(subject.values())
    for size in range(len(wire)):
        refused_by_all(subject, "%d of %d bytes" % (size, len(wire)), wire[:size])


def check_tags(subject):
    """Every other value of every byte of every tag."""
    values = subject.values()
    wire = subject.google(values)
    at = 0
    for field in subject.fields:
        for offset in range(len(tag(field))):
            for flip in range(1, 256):
                bad = bytearray(wire)
                bad[at + offset] ^= flip
                flipped(subject, field, (offset, flip), bytes(bad), values)
        at += len(tag(field)) + max(KINDS[field.type][0] // 8, 1)


def flipped(subject, field, place, wire, values):
    offset, flip = place
    what = "tag of %s, byte %d ^ %02x" % (field.name, offset, flip)
    if offset < 4 or flip & 0x8F:
        refused_by_all(subject, what, wire)
        return
    # Only bits 32 to 34 of the tag changed. Google's runtime drops them and nanopb does for some:
    # then the message is the same.
    subject.expect(what + ": ours", subject.decode(OURS, wire), None)
    for got in (subject.decode(NANOPB, wire), subject.decode(FALLBACK, wire),
                subject.google_values(wire)):
        if got is not None:
            subject.expect(what, got, values)


def check_order(subject):
    values = subject.values()
    parts = pieces(subject, subject.google(values))
    for i in range(len(parts) - 1):
        swapped = parts[:i] + [parts[i + 1], parts[i]] + parts[i + 2:]
        refused_by_get(subject, "fields %d and %d swapped" % (i, i + 1), b"".join(swapped), values)


def check_missing(subject):
    parts = pieces(subject, subject.google(subject.values()))
    for i in range(len(parts)):
        refused_by_all(subject, "without field %d" % i, b"".join(parts[:i] + parts[i + 1:]))


def check_twice(subject):
    """A field that comes twice has its last value."""
    values = subject.values()
    wire = subject.google(values)
    for part in pieces(subject, subject.google(subject.values())):
        refused_by_get(subject, "a field twice", part + wire, values)


def check_oversized(subject):
    values = subject.values()
    wire = subject.google(values)
    for tail in (b"\0", b"\x07", b"\xff" * 11):
        refused_by_all(subject, "trailing bytes", wire + tail)
    unknown = varint((1 << 28 | 77) << 3) + b"\x01"
    refused_by_get(subject, "unknown field behind", wire + unknown, values)
    refused_by_get(subject, "unknown field before", unknown + wire, values)


def check_bools(subject):
    values = subject.values()
    parts = pieces(subject, subject.google(values))
    for i, field in enumerate(subject.fields):
        if field.type != BOOL:
            continue
        true = values[:i] + [1] + values[i + 1:]
        before, after = b"".join(parts[:i]) + tag(field), b"".join(parts[i + 1:])
        for byte in range(2, 128):
            refused_by_get(subject, "bool %d" % byte, before + bytes([byte]) + after, true)
        for byte in range(128, 256):
            refused_by_all(subject, "bool %d" % byte, before + bytes([byte]) + after)
        refused_by_get(subject, "bool of two bytes", before + b"\x81\x00" + after, true)


TESTS = [("truncated", check_truncated), ("tags", check_tags), ("order", check_order),
         ("missing", check_missing), ("twice", check_twice), ("oversized", check_oversized),
         ("bools", check_bools)]
