#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What one leaves, another does not find: tests/guests/marked.c has a mark in every register, tests/guests/seeker.c
looks for it, and for memory that is not its own."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from fuzzed import edit  # noqa: E402
from guest import DIED, lines_of, report  # noqa: E402
from machine import Machine, bare_system  # noqa: E402
from results import finish, result  # noqa: E402


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        system = bare_system(directory, [("marked", 2), ("seeker", 2)])
        edit(os.path.join(directory, "seeker.toml"), ('backend = "memory"', 'backend = "console"'))
        with Machine(system) as machine:
            machine.wait("marked: up")
            machine.type("q")
            machine.wait(r"^\[vmm\.seeker\] \d+ passed, \d+ failed$", 120)
            text = machine.text
    report(text, "seeker")
    bad = [line for line in lines_of(text, "marked") if line != "." and line != "marked: up"]
    result(not bad and not DIED.search(text), "marked: its marks are there, and no service died", "\n".join(bad))


main()
finish()
