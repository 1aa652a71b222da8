# SPDX-License-Identifier: BSD-2-Clause
"""Builds the host binary of driver.c and talks to it.

The table of messages is written from Google's descriptors, so that a field which the IDL compiler
takes for another shows as a difference.
"""

import re
import struct
import subprocess

from google.protobuf import descriptor

OURS, NANOPB, FALLBACK = range(3)

SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", "-g"]
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wstrict-prototypes",
            "-Wmissing-prototypes", "-Werror"]


def c_name(message):
    """MmioAccess -> mmio_access, and for nested messages Outer.Inner -> outer_inner."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", message.name)
    name = "_".join(words).lower()
    outer = message.containing_type
    return c_name(outer) + "_" + name if outer else name


def word(expression, field):
    signed = field.type in (descriptor.FieldDescriptor.TYPE_SFIXED32,
                            descriptor.FieldDescriptor.TYPE_SFIXED64)
    return "(uint64_t)%s%s" % ("(int64_t)" if signed else "", expression)


def ctype(field):
    types = {descriptor.FieldDescriptor.TYPE_FIXED32: "uint32_t",
             descriptor.FieldDescriptor.TYPE_SFIXED32: "int32_t",
             descriptor.FieldDescriptor.TYPE_FIXED64: "uint64_t",
             descriptor.FieldDescriptor.TYPE_SFIXED64: "int64_t",
             descriptor.FieldDescriptor.TYPE_BOOL: "bool"}
    return types[field.type]


def table_functions(message):
    """The five conversions of one message, in C."""
    name = c_name(message)
    nanopb = message.full_name.replace(".", "_")
    to_words = "".join("\twords[%d] = %s;\n" % (i, word("m." + field.name, field))
                       for i, field in enumerate(message.fields)) or "\t(void)words;\n"
    to_fields = "".join("\tm.%s = (%s)words[%d];\n" % (field.name, ctype(field), i)
                        for i, field in enumerate(message.fields)) or "\t(void)words;\n"
    encode = "static size_t %s_%s(const uint64_t *words, uint8_t *wire, size_t room)\n{\n"
    decode = "static bool %s_%s(const uint8_t *wire, size_t size, uint64_t *words)\n{\n"
    text = encode % (name, "ours") + (
        "\tstruct %s m;\n\n%s\t(void)room;\n\t%s_put(wire, &m);\n\treturn %s_SIZE;\n}\n\n"
        % (name, to_fields, name, name.upper()))
    text += encode % (name, "nanopb") + (
        "\t%s m = %s_init_zero;\n\tpb_ostream_t s = pb_ostream_from_buffer(wire, room);\n\n%s"
        "\treturn pb_encode(&s, %s_fields, &m) ? s.bytes_written : SIZE_MAX;\n}\n\n"
        % (nanopb, nanopb, to_fields, nanopb))
    for codec, function in (("ours", "get"), ("fallback", "decode")):
        text += decode % (name, codec + "_decode") + (
            "\tstruct %s m;\n\n\tif (!%s_%s(wire, size, &m))\n\t\treturn false;\n%s"
            "\treturn true;\n}\n\n" % (name, name, function, to_words))
    text += decode % (name, "nanopb_decode") + (
        "\t%s m;\n\tpb_istream_t s = pb_istream_from_buffer(wire, size);\n\n"
        "\tif (!pb_decode(&s, %s_fields, &m))\n\t\treturn false;\n%s\treturn true;\n}\n\n"
        % (nanopb, nanopb, to_words))
    return text


TEXT_ECHO = """size_t driver_text_echo(const uint8_t *wire, size_t size, uint8_t *out, size_t room)
{
	skerry_SampleText m;
	pb_istream_t in = pb_istream_from_buffer(wire, size);
	pb_ostream_t s = pb_ostream_from_buffer(out, room);

	if (!pb_decode(&in, skerry_SampleText_fields, &m))
		return SIZE_MAX;
	return pb_encode(&s, skerry_SampleText_fields, &m) ? s.bytes_written : SIZE_MAX;
}

"""


def table(messages, stems):
    text = '#include "driver.h"\n#include <pb_decode.h>\n#include <pb_encode.h>\n'
    text += "".join('#include "%s.fallback.h"\n#include "%s.pb.h"\n' % (s, s) for s in stems)
    text += "\n" + "".join(table_functions(message) for message in messages)
    text += "const struct driver_message driver_messages[] = {\n"
    for message in messages:
        name = c_name(message)
        text += ("\t{%d, %s_SIZE, {%s_ours, %s_nanopb, NULL},\n"
                 "\t {%s_ours_decode, %s_nanopb_decode, %s_fallback_decode}},\n"
                 % ((len(message.fields), name.upper()) + (name,) * 5))
    text += "};\n\n"
    text += TEXT_ECHO
    return text + "const size_t driver_message_count = %d;\n" % len(messages)


class Driver:
    """The running binary. Its death (a sanitizer's report) raises."""

    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, message, codec, operation, payload):
        head = struct.pack("<HBcH", message, codec, operation, len(payload))
        self.process.stdin.write(head + payload)
        self.process.stdin.flush()
        answer = self.process.stdout.read(3)
        if len(answer) != 3:
            raise RuntimeError("the driver died on message %d codec %d input %s"
                               % (message, codec, payload.hex()))
        accepted, length = struct.unpack("<BH", answer)
        return accepted != 0, self.process.stdout.read(length)

    def encode(self, message, codec, words):
        """The bytes, or None if the codec could not."""
        payload = struct.pack("<%dQ" % len(words), *words)
        accepted, wire = self.ask(message, codec, b"e", payload)
        return wire if accepted else None

    def decode(self, message, codec, wire):
        """The words, or None if the decoder refused."""
        accepted, words = self.ask(message, codec, b"d", wire)
        return list(struct.unpack("<%dQ" % (len(words) // 8), words)) if accepted else None

    def echo_text(self, wire):
        """SampleText decoded and encoded by nanopb, or None if it refused."""
        accepted, out = self.ask(0, NANOPB, b"t", wire)
        return out if accepted else None

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)
