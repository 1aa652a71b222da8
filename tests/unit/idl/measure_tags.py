#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Instructions that put and get of a five-field message take with short and with 4-byte tags.

Counts the object code of each function without alignment padding and without the two
instructions of the failure return, so it is what a successful call executes.
"""

import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
FIELDS = ("fixed64 sequence", "fixed64 address", "fixed64 value", "fixed32 width", "bool write")
CROSS = "aarch64-linux-gnu-"
FLAGS = ["-O2", "-std=c11", "-ffreestanding", "-mgeneral-regs-only"]


def proto(base):
    fields = "".join("required %s = %d;" % (field, base + i) for i, field in enumerate(FIELDS))
    return ('syntax = "proto2"; package skerry; import "skerry.proto";'
            "message Probe { option (skerry.constant) = true; %s }" % fields)


def counts(directory, base, flags):
    with open(directory + "/probe.proto", "w") as file:
        file.write(proto(base))
    subprocess.check_call(["protoc", "-I" + directory, "-I" + TOP + "/idl",
                           "--plugin=protoc-gen-skerry=" + TOP + "/tools/protoc-gen-skerry",
                           "--skerry_out=" + directory, directory + "/probe.proto"])
    with open(directory + "/probe.c", "w") as file:
        file.write('#include "probe.skerry.h"\n'
                   "void put(uint8_t *w, const struct probe *m) { probe_put(w, m); }\n"
                   "bool get(const uint8_t *w, size_t n, struct probe *m)"
                   " { return probe_get(w, n, m); }\n")
    subprocess.check_call([CROSS + "gcc", *FLAGS, *flags, "-c", directory + "/probe.c",
                           "-o", directory + "/probe.o"])
    listing = subprocess.check_output([CROSS + "objdump", "-d", directory + "/probe.o"], text=True)
    out = {}
    for name, body in re.findall(r"<(\w+)>:\n((?:.+\n)*)", listing):
        lines = [line for line in body.splitlines() if "\t" in line and "nop" not in line]
        out[name] = len(lines) - (2 if name == "get" else 0)
    return out["put"], out["get"]


def main():
    print("%-10s %-28s %5s %5s" % ("tags", "flags", "put", "get"))
    with tempfile.TemporaryDirectory() as directory:
        for flags in ([], ["-mstrict-align"]):
            for name, base in (("1 byte", 1), ("4 bytes", 1 << 18)):
                print("%-10s %-28s %5d %5d"
                      % (name, " ".join(flags), *counts(directory, base, flags)))


if __name__ == "__main__":
    sys.exit(main())
