#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What services offer beside exits, called on the running system by tests/services/steer."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import DIED, lines_of  # noqa: E402
from machine import Machine, bare_system  # noqa: E402
from results import finish, result  # noqa: E402

STEER = """
[[service]]
name = "steer"
image = "steer"
calls = ["console", "uart0.steered", "vmm.steered"]
untyped_kib = 64
restart = "never"
"""
CASES = 12


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        system = bare_system(directory, [("steered", 1)], backend="console")
        with open(system, "a", encoding="utf-8") as f:
            f.write(STEER)
        with Machine(system) as machine:
            status = machine.off()
            text = machine.text
    found = re.findall(r"^\[steer\] (ok|FAIL) (.*)$", text, re.MULTILINE)
    for verdict, name in found:
        result(verdict == "ok", name)
    guest = [line for line in lines_of(text, "steered") if line.startswith(("ok ", "FAIL "))]
    for line in guest:
        result(line.startswith("ok "), line.partition(" ")[2])
    result(len(found) == CASES and len(guest) == 2 and status == 0 and not DIED.search(text),
           f"{CASES} calls, two words of the guest, and the machine turned itself off",
           f"exit status {status}; the output is\n{text[-3000:]}")


main()
finish()
