#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A service that attacks (tests/services/attack), beside a guest with a mark in every register: what it finds in
registers and memory, behind pages that are gone, and what it can do to calls of others."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import DIED, lines_of  # noqa: E402
from machine import Machine, bare_system  # noqa: E402
from results import finish, result  # noqa: E402

ATTACK = """
[[service]]
name = "attack"
image = "attack"
calls = ["console", "uart0.marked", "vmm.marked"]
untyped_kib = 64
schedule = 30
restart = "never"
"""
CASES = 23


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        system = bare_system(directory, [("marked", 2)])
        with open(system, "a", encoding="utf-8") as f:
            f.write(ATTACK)
        with Machine(system) as machine:
            machine.wait(r"^\[attack\] attacks: \d+ failed$")
            text = machine.text
    notes = []
    found = 0
    for line in re.findall(r"^\[attack\] (.*)$", text, re.MULTILINE):
        verdict, _, name = line.partition(" ")
        if verdict in ("ok", "FAIL"):
            result(verdict == "ok", name, "\n".join(notes))
            found += 1
            notes = []
        else:
            notes.append(line)
    result(found == CASES and "marked: up" in lines_of(text, "marked") and not DIED.search(text),
           f"{CASES} attacks", f"{found} attacks; the output ends with\n{text[-3000:]}")


main()
finish()
