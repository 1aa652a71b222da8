#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A VM that a client of its VMM makes, boots, runs and drops, and makes anew: tests/services/owner."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import DIED, lines_of  # noqa: E402
from machine import Machine, bare_system  # noqa: E402
from results import finish, result  # noqa: E402

OWNER = """
[[service]]
name = "owner"
image = "owner"
calls = ["vmm.owned"]
untyped_kib = 64
schedule = 30
restart = "never"
"""
START = """
[skerry]
start = "rpc"
"""
CASES = 54
GUEST_CASES = 2 * 6


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        system = bare_system(directory, [("owned", 2)])
        with open(system, "a", encoding="utf-8") as f:
            f.write(OWNER)
        vm = os.path.join(directory, "owned.toml")
        with open(vm, encoding="utf-8") as f:
            text = f.read()
        with open(vm, "w", encoding="utf-8") as f:
            f.write(text.replace("[[skerry.device]]", START + "\n[[skerry.device]]", 1))
        with Machine(system) as machine:
            status = machine.off(240)
            text = machine.text
    found = re.findall(r"^\[owner\] (ok|FAIL) (.*)$", text, re.MULTILINE)
    for verdict, name in found:
        result(verdict == "ok", name)
    guest = [line for line in lines_of(text, "owned") if line.startswith(("ok ", "FAIL "))]
    for line in guest:
        result(line.startswith("ok "), line.partition(" ")[2])
    result(len(found) == CASES and len(guest) == GUEST_CASES and status == 0 and not DIED.search(text),
           f"{CASES} calls, {GUEST_CASES} words of the guest, and the machine turned itself off",
           f"{len(found)} calls, {len(guest)} words, exit status {status}; the output is\n{text[-6000:]}")


main()
finish()
