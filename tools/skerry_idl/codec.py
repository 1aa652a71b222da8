# SPDX-License-Identifier: BSD-2-Clause
"""foo.skerry.h (structs, put/get, method ids) and foo.fallback.{h,c}."""

from skerry_idl import layout

SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"

# Every header carries these, so that each stands alone. The empty asm ties a loaded value to a
# register: the compiler cannot load it again after it was checked. Bytes are loaded as words: a
# narrower register would cost an instruction to extend.
WIRE = """#ifndef SKERRY_WIRE
#define SKERRY_WIRE
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "protobuf is little-endian");
_Static_assert(sizeof(bool) == 1, "a bool is one byte on the wire");

%s#endif
"""

WIRE_ACCESS = """static inline void skerry_wire_put%(bits)d(uint8_t *at, uint%(bits)d_t value)
{
	__builtin_memcpy(at, &value, %(size)d);
}

static inline uint%(wide)d_t skerry_wire_get%(bits)d(const uint8_t *at)
{
	uint%(bits)d_t value;
	uint%(wide)d_t once;

	__builtin_memcpy(&value, at, %(size)d);
	once = value;
	__asm__("" : "+r"(once));
	return once;
}

"""


def begin(idl, suffix):
    """The head of a generated file and, for a header, its include guard."""
    text = SPDX + "/* Generated from %s by protoc-gen-skerry: do not edit. */\n" % idl.name
    if suffix:
        guard = "SKERRY_%s_%s_H" % (idl.ident, suffix)
        text += "#ifndef %s\n#define %s\n\n" % (guard, guard)
    return text


def wire_helpers():
    accesses = "".join(WIRE_ACCESS % {"bits": bits, "size": bits // 8,
                                      "wide": max(bits, 32)} for bits in (8, 16, 32, 64))
    return WIRE % accesses


def enum_definition(enum):
    values = "".join("\t%s = %d,\n" % value for value in enum.values)
    return "enum %s {\n%s};\n\n" % (enum.cname, values)


def struct_definition(message):
    fields = "".join("\t%s %s;\n" % (slot.kind.ctype, slot.name) for slot in message.slots)
    # C has no empty struct.
    fields = fields or "\tuint8_t nothing;\n"
    return "#define %s_SIZE %du\n\nstruct %s {\n%s};\n\n" % (
        message.upper, message.size, message.cname, fields)


def tag_parts(slot):
    """The tag as (offset, bits, constant) of the fewest loads that cover it exactly."""
    at = 0
    for size in (4, 2, 1):
        if len(slot.tag) - at >= size:
            part = slot.tag[at:at + size]
            yield slot.tag_at + at, 8 * size, int.from_bytes(part, "little")
            at += size


def constant(value, bits):
    return "0x%0*xu" % (bits // 4, value)


def align_wire(message, qualifier):
    if not layout.word_aligned(message.slots):
        return ""
    return "\twire = (%suint8_t *)__builtin_assume_aligned(wire, 4);\n" % qualifier


def put_slot(slot):
    for at, bits, value in tag_parts(slot):
        yield "\tskerry_wire_put%d(wire + %d, %s);\n" % (bits, at, constant(value, bits))
    bits = 8 * slot.kind.size
    value = "m->" + slot.name
    if not slot.kind.ctype.startswith("uint"):
        value = "(uint%d_t)%s" % (bits, value)
    yield "\tskerry_wire_put%d(wire + %d, %s);\n" % (bits, slot.value_at, value)


def put_definition(message):
    body = "".join("".join(put_slot(slot)) for slot in message.slots)
    body = align_wire(message, "") + body if body else "\t(void)wire;\n\t(void)m;\n"
    return ("static inline void %s_put(uint8_t *wire, const struct %s *m)\n{\n%s}\n\n"
            % (message.cname, message.cname, body))


def check_slot(slot):
    for at, bits, value in tag_parts(slot):
        yield ("\tif (skerry_wire_get%d(wire + %d) != %s)\n\t\treturn false;\n"
               % (bits, at, constant(value, bits)))


def load_slot(slot):
    bits = 8 * slot.kind.size
    load = "skerry_wire_get%d(wire + %d)" % (bits, slot.value_at)
    if slot.kind.ctype != "bool":
        cast = "" if slot.kind.ctype.startswith("uint") else "(%s)" % slot.kind.ctype
        return "\tm->%s = %s%s;\n" % (slot.name, cast, load)
    # Copied as a byte: a conversion to bool would cost a compare after the check made it certain.
    return ("\tuint32_t %s_byte = %s;\n\tif (%s_byte > 1)\n\t\treturn false;\n"
            "\t__builtin_memcpy(&m->%s, &%s_byte, 1);\n"
            % (slot.name, load, slot.name, slot.name, slot.name))


def get_definition(message):
    checks = "".join("".join(check_slot(slot)) for slot in message.slots)
    loads = "".join(load_slot(slot) for slot in message.slots)
    if message.slots:
        body = ("\tif (size != %s_SIZE)\n\t\treturn false;\n" % message.upper +
                align_wire(message, "const ") + checks + loads + "\treturn true;\n")
    else:
        body = "\t(void)wire;\n\t(void)m;\n\treturn size == 0;\n"
    return ("static inline bool %s_get(const uint8_t *wire, size_t size, struct %s *m)\n{\n%s}\n\n"
            % (message.cname, message.cname, body))


def method_ids(service):
    lines = "".join("#define %s 0x%04xu\n" % (method.cname.upper(), method.id)
                    for method in service.methods)
    return "#define %s_SERVICE %du\n%s\n" % (service.cname.upper(), service.number, lines)


def header(idl):
    text = begin(idl, "SKERRY")
    text += "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n"
    text += "".join('#include "%s.skerry.h"\n' % name for name in idl.imports)
    text += "\n" + wire_helpers() + "\n"
    text += "".join(enum_definition(enum) for enum in idl.enums)
    for message in idl.constants():
        text += struct_definition(message) + put_definition(message) + get_definition(message)
    text += "".join(method_ids(service) for service in idl.services)
    return text + "#endif\n"


def fallback_prototype(message):
    return ("bool %s_decode(const uint8_t *wire, size_t size, struct %s *m)"
            % (message.cname, message.cname))


def fallback_header(idl):
    text = begin(idl, "FALLBACK")
    text += '#include "%s.skerry.h"\n' % idl.stem
    text += "".join('#include "%s.fallback.h"\n' % name for name in idl.imports)
    text += "\n" + "".join(fallback_prototype(m) + ";\n" for m in idl.constants())
    return text + "\n#endif\n"


def fallback_definition(message):
    copies = "".join("\tm->%s = other.%s;\n" % (slot.name, slot.name) for slot in message.slots)
    return """%s
{
	%s other = %s_init_zero;
	pb_istream_t stream = pb_istream_from_buffer(wire, size);

	if (%s_get(wire, size, m))
		return true;
	if (!pb_decode(&stream, %s_fields, &other))
		return false;
%s	return true;
}

""" % (fallback_prototype(message), message.nanopb, message.nanopb, message.cname,
       message.nanopb, copies)


def fallback_source(idl):
    text = begin(idl, None)
    text += '#include "%s.fallback.h"\n#include "%s.pb.h"\n#include <pb_decode.h>\n\n' % (
        idl.stem, idl.stem)
    return text + "".join(fallback_definition(message) for message in idl.constants())
