# SPDX-License-Identifier: BSD-2-Clause
"""From protoc's CodeGeneratorRequest to checked files, messages and services."""

import re

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from skerry_idl import bounds, layout

PACKAGE = "skerry"
# Imported for their options alone: they have no C of ours.
OPTION_FILES = ("skerry.proto", "nanopb.proto", "google/protobuf/descriptor.proto")
CAPS_MAX = 4

C_KEYWORDS = frozenset(
    "auto bool break case char const continue default do double else enum extern false float for "
    "goto if inline int long register restrict return short signed sizeof static struct switch "
    "true typedef union unsigned void volatile while asm typeof".split())

# Paths into SourceCodeInfo are made of these field numbers of descriptor.proto.
FILE_MESSAGE, FILE_ENUM, FILE_SERVICE = 4, 5, 6
MESSAGE_FIELD, MESSAGE_NESTED, MESSAGE_ENUM = 2, 3, 4
SERVICE_METHOD = 2


class IdlError(Exception):
    pass


def snake(name):
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


class Options:
    """Reads our options, which this process learns only from the request's own descriptors."""

    def __init__(self, request):
        self.pool = descriptor_pool.DescriptorPool()
        for proto in request.proto_file:
            self.pool.Add(proto)
        self.factory = message_factory.MessageFactory(self.pool)

    def get(self, options, name):
        """The value of option (skerry.`name`), or None if it is not set."""
        try:
            extension = self.pool.FindExtensionByName("%s.%s" % (PACKAGE, name))
            desc = self.pool.FindMessageTypeByName(options.DESCRIPTOR.full_name)
        except KeyError:
            return None
        known = self.factory.GetPrototype(desc).FromString(options.SerializeToString())
        return known.Extensions[extension] if known.HasExtension(extension) else None


class Enum:
    def __init__(self, desc, outer, path):
        self.path = path
        self.name = ".".join(outer + [desc.name])
        self.cname = snake("_".join(outer + [desc.name]))
        prefix = "".join(snake(part).upper() + "_" for part in outer)
        self.values = [(prefix + value.name, value.number) for value in desc.value]


class Message:
    """`slots` and `size` are set only if the message has the constant layout."""

    def __init__(self, idl, desc, outer, path):
        self.idl = idl
        self.desc = desc
        self.path = path
        self.name = ".".join(outer + [desc.name])
        self.cname = "_".join(snake(part) for part in outer + [desc.name])
        self.upper = self.cname.upper()
        self.nanopb = "_".join([PACKAGE] + outer + [desc.name])
        # The empty message is the same zero bytes in every encoding that has no unknown fields.
        self.constant = bool(idl.option(desc.options, "constant")) or self.is_empty()
        self.slots, self.size = self.lay_out() if self.constant else (None, None)

    def is_empty(self):
        return not self.desc.field and not self.desc.extension_range

    def lay_out(self):
        try:
            return layout.slots(self.desc)
        except layout.NotConstant as error:
            path = self.path
            subject = "message %s" % self.name
            if error.field is not None:
                path = path + (MESSAGE_FIELD, list(self.desc.field).index(error.field))
                subject += ": field %s" % error.field.name
            raise self.idl.error(path, "%s: %s" % (subject, error.reason)) from None

    def check_names(self):
        for index, field in enumerate(self.desc.field):
            if field.name in C_KEYWORDS:
                raise self.idl.error(self.path + (MESSAGE_FIELD, index),
                                     "message %s: field %s: the name is a word of C"
                                     % (self.name, field.name))


class Method:
    def __init__(self, service, desc, path):
        idl = service.idl
        self.service = service
        self.path = path
        self.name = "%s.%s" % (service.name, desc.name)
        self.short = snake(desc.name)
        self.cname = "%s_%s" % (service.cname, self.short)
        self.number = self.ranged(desc, "method", 1, 255)
        self.id = service.number << 8 | self.number
        self.caps_in = self.ranged(desc, "caps_in", 0, CAPS_MAX)
        self.caps_out = self.ranged(desc, "caps_out", 0, CAPS_MAX)
        self.kernel = bool(idl.option(desc.options, "kernel"))
        self.idempotent = (desc.options.idempotency_level !=
                           descriptor_pb2.MethodOptions.IDEMPOTENCY_UNKNOWN)
        if desc.client_streaming or desc.server_streaming:
            raise self.error("streams are not supported")
        if self.short in C_KEYWORDS:
            raise self.error("the name %s is a word of C" % self.short)
        self.request_type = desc.input_type
        self.reply_type = desc.output_type

    def error(self, reason):
        return self.service.idl.error(self.path, "method %s: %s" % (self.name, reason))

    def ranged(self, desc, option, low, high):
        value = self.service.idl.option(desc.options, option)
        if value is None:
            if low > 0:
                raise self.error("has no (skerry.%s) = %d..%d" % (option, low, high))
            return 0
        if not low <= value <= high:
            raise self.error("(skerry.%s) = %d is not in %d..%d" % (option, value, low, high))
        return value

    def resolve(self, messages, nanopb_bounds):
        self.request = self.message(messages, self.request_type, nanopb_bounds)
        self.reply = self.message(messages, self.reply_type, nanopb_bounds)

    def message(self, messages, type_name, nanopb_bounds):
        message = messages.get(type_name.lstrip("."))
        if message is None:
            raise self.error("type %s is not a message of package %s" % (type_name, PACKAGE))
        if message.constant:
            return message
        if self.kernel:
            raise self.error("the kernel sends it, so %s must have the constant layout"
                             % message.name)
        reason = nanopb_bounds.problem(message.idl.name, message.nanopb)
        if reason:
            raise self.error("message %s %s" % (message.name, reason))
        return message


class Service:
    def __init__(self, idl, desc, path):
        self.idl = idl
        self.path = path
        self.name = desc.name
        self.cname = snake(desc.name)
        self.number = idl.option(desc.options, "service")
        if self.number is None:
            raise self.error("has no (skerry.service) = 1..255")
        if not 1 <= self.number <= 255:
            raise self.error("(skerry.service) = %d is not in 1..255" % self.number)
        self.methods = [Method(self, method, path + (SERVICE_METHOD, index))
                        for index, method in enumerate(desc.method)]
        if not self.methods:
            raise self.error("has no methods")
        seen = {}
        for method in self.methods:
            other = seen.setdefault(method.number, method)
            if other is not method:
                raise method.error("(skerry.method) = %d is taken by %s"
                                   % (method.number, other.name))

    def error(self, reason):
        return self.idl.error(self.path, "service %s: %s" % (self.name, reason))


class Idl:
    """One .proto file."""

    def __init__(self, proto, options):
        self.name = proto.name
        self.stem = re.sub(r"\.proto$", "", proto.name)
        self.ident = re.sub(r"[^A-Za-z0-9]", "_", self.stem).upper()
        self.imports = [re.sub(r"\.proto$", "", name) for name in proto.dependency
                        if name not in OPTION_FILES]
        self.options = options
        self.lines = {tuple(loc.path): loc.span[0] + 1 for loc in proto.source_code_info.location}
        if proto.syntax not in ("", "proto2"):
            raise self.error((), 'syntax is "%s"; it must be "proto2"' % proto.syntax)
        if proto.package != PACKAGE:
            raise self.error((), 'package is "%s"; it must be "%s"' % (proto.package, PACKAGE))
        self.enums = [Enum(enum, [], (FILE_ENUM, index))
                      for index, enum in enumerate(proto.enum_type)]
        self.messages = []
        for index, message in enumerate(proto.message_type):
            self.add_message(message, [], (FILE_MESSAGE, index))
        self.services = [Service(self, service, (FILE_SERVICE, index))
                         for index, service in enumerate(proto.service)]

    def add_message(self, desc, outer, path):
        message = Message(self, desc, outer, path)
        message.check_names()
        self.messages.append(message)
        outer = outer + [desc.name]
        self.enums += [Enum(enum, outer, path + (MESSAGE_ENUM, index))
                       for index, enum in enumerate(desc.enum_type)]
        for index, nested in enumerate(desc.nested_type):
            self.add_message(nested, outer, path + (MESSAGE_NESTED, index))

    def option(self, options, name):
        return self.options.get(options, name)

    def error(self, path, text):
        """`path` is the place in descriptor.proto's terms; protoc gives lines for such paths."""
        line = self.lines.get(tuple(path))
        return IdlError("%s:%s%s" % (self.name, "%d: " % line if line else " ", text))

    def constants(self):
        return [message for message in self.messages if message.constant]


def declared(idl):
    """Everything `idl` declares in C as (C name, its name in the file, where)."""
    for message in idl.messages:
        yield message.cname, "message " + message.name, message.path
        yield message.upper + "_SIZE", "message " + message.name, message.path
    for enum in idl.enums:
        yield enum.cname, "enum " + enum.name, enum.path
        for name, _ in enum.values:
            yield name, "enum " + enum.name, enum.path
    for service in idl.services:
        yield service.cname.upper() + "_SERVICE", "service " + service.name, service.path
        for method in service.methods:
            yield method.cname.upper(), "method " + method.name, method.path


def check_unique(idls):
    """C names and service numbers are unique over all files of one run."""
    services, names = {}, {}
    for idl in idls:
        for service in idl.services:
            other = services.setdefault(service.number, service)
            if other is not service:
                raise service.error("(skerry.service) = %d is taken by %s in %s"
                                    % (service.number, other.name, other.idl.name))
        for cname, name, path in declared(idl):
            if cname in names:
                raise idl.error(path, "%s: its C name %s is taken by %s"
                                % (name, cname, names[cname]))
            names[cname] = "%s in %s" % (name, idl.name)


def load(request):
    """The checked files that protoc wants output for, in its order."""
    options = Options(request)
    idls = [Idl(proto, options) for proto in request.proto_file if proto.name not in OPTION_FILES]
    check_unique(idls)
    messages = {"%s.%s" % (PACKAGE, m.name): m for idl in idls for m in idl.messages}
    nanopb_bounds = bounds.Bounds(request)
    for idl in idls:
        for service in idl.services:
            for method in service.methods:
                method.resolve(messages, nanopb_bounds)
    wanted = set(request.file_to_generate)
    return [idl for idl in idls if idl.name in wanted]
