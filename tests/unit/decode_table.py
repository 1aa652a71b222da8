#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A table of instructions and what the cross disassembler says they load and store.

`decode_table.py OBJDUMP OUT`: every combination of the bits that tell loads and stores apart, with other fields at
random (the same in every run), and instructions of all other kinds. A record is struct record of test_vmm_decode.c.
"""
import random
import re
import struct
import subprocess
import sys
import tempfile

RECORD = struct.Struct("<Iq16B")
OFFSET, PRE, POST = 0, 1, 2
# mnemonic: bytes, store, extends the sign, unprivileged, pair. Bytes 0: those of the register's name.
KINDS = {"ldr": (0, 0, 0, 0, 0), "str": (0, 1, 0, 0, 0), "ldrb": (1, 0, 0, 0, 0), "strb": (1, 1, 0, 0, 0),
         "ldrh": (2, 0, 0, 0, 0), "strh": (2, 1, 0, 0, 0), "ldrsb": (1, 0, 1, 0, 0), "ldrsh": (2, 0, 1, 0, 0),
         "ldrsw": (4, 0, 1, 0, 0), "ldp": (0, 0, 0, 0, 1), "stp": (0, 1, 0, 0, 1), "ldnp": (0, 0, 0, 0, 1),
         "stnp": (0, 1, 0, 0, 1), "ldpsw": (4, 0, 1, 0, 1)}
KINDS.update({name.replace("r", "ur", 1): kind for name, kind in list(KINDS.items()) if not kind[4]})
KINDS.update({name.replace("ur", "tr", 1): kind[:3] + (1, 0) for name, kind in list(KINDS.items()) if "ur" in name})
EXTENDS = {"uxtw": 2, "lsl": 3, "sxtw": 6, "sxtx": 7}
NUMBER = {"sp": 31, "wsp": 31, "xzr": 31, "wzr": 31}
REFUSED = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def words():
    """Instructions: bits 31:21 and 15:10 of loads and stores in all combinations; then others."""
    source = random.Random(1)
    for high in range(1 << 11):
        if high >> 4 & 5 == 4:  # bits 27 and 25 of the instruction are 1 and 0
            for low in range(64):
                yield high << 21 | source.getrandbits(5) << 16 | low << 10 | source.getrandbits(10)
                # Equal registers, and number 31, are rare otherwise.
                rn, rt = source.choice(((31, 3), (4, 4), (31, 31), (5, 31)))
                yield high << 21 | source.choice((rt, 31)) << 16 | low << 10 | rn << 5 | rt
    for _ in range(8192):
        yield source.getrandbits(32)


def number(register):
    return NUMBER[register] if register in NUMBER else int(register[1:])


def record(text):
    """The fields after the instruction: valid, count, width, write, sign, wide, unprivileged, Rt, Rt2, Rn, index,
    by register, Rm, extend, shift; and the offset."""
    text = text.split("//")[0].split(";")[0].strip()
    mnemonic, _, operands = text.partition("\t")
    if mnemonic not in KINDS:
        return 0, REFUSED
    width, write, sign, unprivileged, pair = KINDS[mnemonic]
    m = re.fullmatch(r"([wx]\w+), (?:([wx]\w+), )?\[(\w+)(?:, ([^\]]+))?\](!?)(?:, #(-?\d+))?", operands)
    if not m:
        return 0, REFUSED  # SIMD and FP, literal
    first, second, base, inside, before, after = m.groups()
    index = PRE if before else POST if after is not None else OFFSET
    registers = [number(first)] + ([number(second)] if second else [])
    if (index != OFFSET and number(base) != 31 and number(base) in registers) or \
            (pair and not write and registers[0] == registers[1]):
        return 0, REFUSED  # CONSTRAINED UNPREDICTABLE
    wide = first[0] == "x"
    rm = extend = shift = by_register = offset = 0
    if after is not None:
        offset = int(after)
    elif inside and inside.startswith("#"):
        offset = int(inside[1:])
    elif inside:
        by_register = 1
        name, *how = inside.split(", ")
        kind, _, amount = (how[0] if how else "lsl #0").partition(" #")
        rm, extend, shift = number(name), EXTENDS[kind], int(amount or 0)
    return offset, (1, len(registers), width or (8 if wide else 4), write, sign, int(wide), unprivileged, registers[0],
                    registers[1] if second else 0, number(base), index, by_register, rm, extend, shift)


def main():
    objdump, out = sys.argv[1:]
    code = list(words())
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(struct.pack("<I", word) for word in code))
        file.flush()
        text = subprocess.run([objdump, "-D", "-z", "-b", "binary", "-m", "aarch64", file.name], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
    lines = re.findall(r"^ *[0-9a-f]+:\t([0-9a-f]{8}) \t(.*)$", text, re.MULTILINE)
    assert len(lines) == len(code)
    records = []
    for word, line in lines:
        offset, fields = record(line)
        records.append(RECORD.pack(int(word, 16), offset, *fields, 0))
    with open(out, "wb") as file:
        file.write(b"".join(records))


main()
