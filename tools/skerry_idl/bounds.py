# SPDX-License-Identifier: BSD-2-Clause
"""How large a message can get under nanopb's options, asked of nanopb's own generator."""

import os
import sys
import types

from skerry_idl import layout

NANOPB_DIR = "/usr/bin"  # where Debian's nanopb package puts nanopb_generator.py


def nanopb_generator():
    sys.path.append(NANOPB_DIR)
    try:
        import nanopb_generator as generator
    finally:
        sys.path.remove(NANOPB_DIR)
    return generator


class Bounds:
    def __init__(self, request):
        self.request = request
        self.files = None

    def parse(self):
        """Files by name. Done on first use: many runs have only constant-layout messages."""
        generator = nanopb_generator()
        options = types.SimpleNamespace(settings=[], options_file="%s.options", verbose=False,
                                        options_path=request_paths(self.request), protoc_insertion_points=False)
        self.files = {}
        for proto in self.request.proto_file:
            parsed = generator.parse_file(proto.name, proto, options)
            for other in self.files.values():
                parsed.add_dependency(other)
            self.files[proto.name] = parsed

    def problem(self, file_name, message_name):
        """Why `message_name` (nanopb's C name) may not be sent, or None."""
        if self.files is None:
            self.parse()
        dependencies = self.files[file_name].dependencies
        where = unbounded(dependencies, message_name, ())
        if where:
            return "has no upper size: " + where
        size = dependencies[message_name].encoded_size(dependencies).upperlimit()
        if size > layout.MESSAGE_MAX:
            return "can take %d bytes; a message has at most %d" % (size, layout.MESSAGE_MAX)
        return None


def request_paths(request):
    paths = [path for path in request.parameter.split(",") if path]
    return paths + [os.path.dirname(request.file_to_generate[0]) or "."]


def unbounded(dependencies, message_name, outer):
    """Says which field has no bound, or None if all have one."""
    if message_name in outer:
        return message_name + " contains itself"
    for field in dependencies[message_name].all_fields():
        if field.allocation != "STATIC":
            return ("field %s of %s needs nanopb's max_size, max_length or max_count"
                    % (field.name, message_name))
        if field.pbtype in ("MESSAGE", "MSG_W_CB"):
            inner = unbounded(dependencies, str(field.submsgname), outer + (message_name,))
            if inner:
                return inner
    return None
