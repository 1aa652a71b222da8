# SPDX-License-Identifier: BSD-2-Clause
"""foo.ipc.h: typed client stubs and server dispatch over the primitives of ipc.h."""

from skerry_idl import codec
from skerry_idl.layout import MESSAGE_MAX

# How often the stub of an idempotent method calls a server that restarts under it.
TRIES = 8


def ctype(message):
    return "struct " + message.cname if message.constant else message.nanopb


def uses_nanopb(idl):
    return any(not message.constant for service in idl.services for method in service.methods
               for message in (method.request, method.reply))


def encode(message, buffer, value, size, indent):
    """Statements that leave the encoded length in `size`; a failure returns BAD_MESSAGE."""
    if message.constant:
        lines = ["%s_put(%s, %s);" % (message.cname, buffer, value),
                 "%s = %s_SIZE;" % (size, message.upper)]
    else:
        lines = ["if (!skerry_pb_encode(%s, %s_fields, %s, &%s))"
                 % (buffer, message.nanopb, value, size),
                 "\treturn BAD_MESSAGE;"]
    return "".join(indent + line + "\n" for line in lines)


def decodes(message, buffer, size, value):
    """An expression that is true if the bytes were a `message`. The first try is inline."""
    if message.constant:
        args = "(%s, %s, %s)" % (buffer, size, value)
        return "(%s_get%s || %s_decode%s)" % (message.cname, args, message.cname, args)
    return "skerry_pb_decode(%s, %s, %s_fields, %s)" % (buffer, size, message.nanopb, value)


def client_parameters(method):
    text = "skerry_cap port, const %s *in, %s *out" % (ctype(method.request), ctype(method.reply))
    if method.caps_in:
        text += ", const skerry_cap *caps_in"
    if method.caps_out:
        text += ", skerry_cap caps_out"
    return text


def client_call(method):
    args = "port, %s, size, &size" % method.cname.upper()
    if not method.caps_in and not method.caps_out:
        return "ipc_call(%s)" % args
    return "ipc_call_caps(%s, %s, %du, %s, %du)" % (
        args, "caps_in" if method.caps_in else "NULL", method.caps_in,
        "caps_out" if method.caps_out else "0", method.caps_out)


def client_stub(method):
    attempt = encode(method.request, "ipc_buffer()", "in", "size", "\t\t")
    attempt += "\t\tstatus = %s;\n" % client_call(method)
    if method.idempotent:
        head = "\tfor (unsigned int tries = 0; tries < %du; tries++) {\n" % TRIES
        tail = "\t\tif (status != PEER_RESTARTED)\n\t\t\tbreak;\n\t}\n"
        text = "\tint32_t status = PEER_RESTARTED;\n\tsize_t size = 0;\n\n"
        text += head + attempt + tail
    else:
        text = "\tint32_t status;\n\tsize_t size;\n\n" + attempt.replace("\t\t", "\t")
    return """static inline int32_t %s_call(%s)
{
%s	if (status != 0)
		return status;
	return %s ? 0 : BAD_MESSAGE;
}

""" % (method.cname, client_parameters(method), text,
       decodes(method.reply, "ipc_buffer()", "size", "out"))


def handler_parameters(method):
    text = "void *self, uint64_t badge, const %s *in, %s *out" % (
        ctype(method.request), ctype(method.reply))
    if method.caps_in:
        text += ", const skerry_cap *caps_in"
    if method.caps_out:
        text += ", skerry_cap *caps_out"
    return text


def ops_definition(service):
    handlers = "".join("\tint32_t (*%s)(%s);\n" % (method.short, handler_parameters(method))
                       for method in service.methods)
    return "struct %s_ops {\n%s};\n\n" % (service.cname, handlers)


def empty(message):
    # A handler that leaves fields alone sends zeros, never what lay on the server's stack.
    return "{ 0 }" if message.constant else "%s_init_zero" % message.nanopb


def server_case(method):
    caps = ""
    args = "self, msg->badge, &in, &out"
    if method.caps_in:
        caps += "\tif (msg->caps_in_count != %du)\n\t\treturn BAD_MESSAGE;\n" % method.caps_in
        args += ", msg->caps_in"
    if method.caps_out:
        args += ", msg->caps_out"
    done = "\tmsg->caps_out_count = %du;\n" % method.caps_out if method.caps_out else ""
    return """static inline int32_t %s_serve(const struct %s_ops *ops, void *self, struct ipc_msg *msg)
{
	%s in;
	%s out = %s;
	size_t size = msg->size;
	int32_t status;

	msg->size = 0;
	if (!ops->%s)
		return BAD_METHOD;
%s	if (!%s)
		return BAD_MESSAGE;
	status = ops->%s(%s);
	if (status != 0)
		return status;
%s%s	msg->size = size;
	return 0;
}

""" % (method.cname, method.service.cname,
       ctype(method.request), ctype(method.reply), empty(method.reply),
       method.short, caps, decodes(method.request, "msg->data", "size", "&in"),
       method.short, args, encode(method.reply, "msg->data", "&out", "size", "\t"), done)


def dispatch(service):
    cases = "".join("\tcase %s:\n\t\treturn %s_serve(ops, self, msg);\n"
                    % (method.cname.upper(), method.cname) for method in service.methods)
    return """static inline int32_t %s_dispatch(const struct %s_ops *ops, void *self, struct ipc_msg *msg)
{
	switch (msg->method) {
%s	default:
		msg->size = 0;
		return BAD_METHOD;
	}
}

""" % (service.cname, service.cname, cases)


PB_HELPERS = """#ifndef SKERRY_PB
#define SKERRY_PB

static inline bool skerry_pb_encode(uint8_t *wire, const pb_msgdesc_t *fields, const void *m,
				    size_t *size)
{
	pb_ostream_t stream = pb_ostream_from_buffer(wire, %du);
	bool ok = pb_encode(&stream, fields, m);

	*size = stream.bytes_written;
	return ok;
}

static inline bool skerry_pb_decode(const uint8_t *wire, size_t size, const pb_msgdesc_t *fields,
				    void *m)
{
	pb_istream_t stream = pb_istream_from_buffer(wire, size);

	return pb_decode(&stream, fields, m);
}

#endif

""" % MESSAGE_MAX


def header(idl):
    text = codec.begin(idl, "IPC")
    text += '#include "ipc.h"\n#include "%s.fallback.h"\n#include "%s.skerry.h"\n' % (
        idl.stem, idl.stem)
    if uses_nanopb(idl):
        text += '#include "%s.pb.h"\n#include <pb_decode.h>\n#include <pb_encode.h>\n' % idl.stem
        text += "\n" + PB_HELPERS
    else:
        text += "\n"
    for service in idl.services:
        text += "".join(client_stub(method) for method in service.methods)
        text += ops_definition(service)
        text += "".join(server_case(method) for method in service.methods)
        text += dispatch(service)
    return text + "#endif\n"
