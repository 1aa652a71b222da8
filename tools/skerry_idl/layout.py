# SPDX-License-Identifier: BSD-2-Clause
"""The constant layout: which messages can have it, and where their bytes lie."""

from collections import namedtuple

from google.protobuf import descriptor_pb2

FieldD = descriptor_pb2.FieldDescriptorProto

# The payload of an IPC message, and so the largest message of any kind.
MESSAGE_MAX = 480
# nanopb, which decodes every other encoding of the same message, counts this many required fields.
FIELDS_MAX = 64

Kind = namedtuple("Kind", "ctype size wire_type")

KINDS = {
    FieldD.TYPE_FIXED32: Kind("uint32_t", 4, 5),
    FieldD.TYPE_SFIXED32: Kind("int32_t", 4, 5),
    FieldD.TYPE_FIXED64: Kind("uint64_t", 8, 1),
    FieldD.TYPE_SFIXED64: Kind("int64_t", 8, 1),
    FieldD.TYPE_BOOL: Kind("bool", 1, 0),
}

# One field on the wire: `tag` is the encoded key, found at `tag_at`; the value follows it.
Slot = namedtuple("Slot", "name kind tag tag_at value_at")


class NotConstant(Exception):
    """`field` is None when the reason concerns the message as a whole."""

    def __init__(self, field, reason):
        super().__init__(reason)
        self.field = field
        self.reason = reason


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def type_name(field):
    return FieldD.Type.Name(field.type)[len("TYPE_"):].lower()


def check_message(desc):
    if desc.oneof_decl:
        raise NotConstant(None, "a oneof (%s) has no constant layout" % desc.oneof_decl[0].name)
    if desc.extension_range:
        raise NotConstant(None, "a message with extensions has no constant layout")
    if len(desc.field) > FIELDS_MAX:
        raise NotConstant(None, "%d fields; a constant layout has at most %d"
                          % (len(desc.field), FIELDS_MAX))


def check_field(field, previous):
    """Raise NotConstant unless `field` may follow the field numbered `previous`."""
    if field.type == FieldD.TYPE_GROUP:
        raise NotConstant(field, "a group has no constant layout")
    if field.label != FieldD.LABEL_REQUIRED:
        label = FieldD.Label.Name(field.label)[len("LABEL_"):].lower()
        raise NotConstant(field, "is %s; every field of a constant layout is required" % label)
    if field.type not in KINDS:
        raise NotConstant(field, "has type %s; a constant layout has only fixed32, fixed64, "
                          "sfixed32, sfixed64 and bool" % type_name(field))
    if field.number <= previous:
        raise NotConstant(field, "has number %d after %d; fields of a constant layout are "
                          "declared in ascending order" % (field.number, previous))


def slots(desc):
    """The (slots, wire size) of a DescriptorProto; NotConstant says why it has none."""
    check_message(desc)
    out = []
    at = 0
    previous = 0
    for field in desc.field:
        check_field(field, previous)
        previous = field.number
        kind = KINDS[field.type]
        tag = varint(field.number << 3 | kind.wire_type)
        out.append(Slot(field.name, kind, tag, at, at + len(tag)))
        at += len(tag) + kind.size
    if at > MESSAGE_MAX:
        raise NotConstant(None, "takes %d bytes on the wire; a message has at most %d"
                          % (at, MESSAGE_MAX))
    return out, at


def word_aligned(layout):
    """Whether every tag is four bytes at a multiple of four, and so every value too."""
    return bool(layout) and all(len(s.tag) == 4 and s.tag_at % 4 == 0 for s in layout)
