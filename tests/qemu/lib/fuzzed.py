# SPDX-License-Identifier: BSD-2-Clause
"""Guests and services that do anything, beside a VM that must not notice (tests/guests/victim.c).

The kernel has no fault of its own: a core that had one is parked, and nothing below comes to its end. A VM that its
VMM ended says why in one line; the others go on.
"""
import os
import struct
import tempfile

from guest import DIED, lines_of
from machine import Machine, bare_system
from results import case, require

SERVICE = """
[[service]]
name = "fuzz"
image = "fuzz"
calls = ["console", "uart0.prey", "vmm.prey", "vmm.victim"]
untyped_kib = 512
schedule = 12
restart = "never"
"""
LIMIT = 200  # seconds of the host
GUEST_TESTS = 4


def edit(path, *pairs):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for old, new in pairs:
        require(old in text, f"{path} has no {old}")
        text = text.replace(old, new, 1)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def victim_unharmed(text):
    """What the victim said of itself."""
    lines = lines_of(text, "victim")
    require("ok registers, memory, timer and devices of the guest beside it stay its own" in lines,
            "the victim said\n" + "\n".join(lines))
    require(lines[-1] == "1 passed, 0 failed", "the victim did not end as it should")


def guest_beside(seed, cases):
    """A guest of random instructions and the victim, on one core."""
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        system = bare_system(directory, [("victim", 1), ("fuzz", 2)])
        edit(os.path.join(directory, "victim.toml"), ('backend = "memory"', 'backend = "console"'))
        edit(os.path.join(directory, "fuzz.toml"), ("[kernel]", f'[kernel]\ncmdline = "seed={seed} cases={cases}"'))
        with Machine(system) as machine:
            machine.wait("victim: up", LIMIT)
            end = machine.wait(r"^\[vmm\.fuzz\] (\d+ passed, \d+ failed)$|^.*vmm fuzz: the guest ended.*$", LIMIT)
            machine.type("q")
            status = machine.off(LIMIT)
            text = machine.text
    require(status == 0 and not DIED.search(text), f"exit status {status}; the output ends with\n{text[-3000:]}")
    victim_unharmed(text)
    require(end[1] == f"{GUEST_TESTS - 1} passed, 0 failed", "\n".join(lines_of(text, "fuzz")))
    return text


def guest_case(seed, cases):
    return case(f"a guest of {cases} random instructions (seed {seed}) harms nobody", guest_beside, seed, cases)


def service_beside(seed, calls):
    """A service of random calls, a VM whose servers it may call, and the victim."""
    def configured(compiled):
        for service in compiled.manifests[0].services:
            if service.name == "fuzz":
                service.config = struct.pack("<2Q", seed, calls)

    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        system = bare_system(directory, [("victim", 1), ("prey", 1)])
        with open(system, "a", encoding="utf-8") as f:
            f.write(SERVICE)
        with Machine(system, spoil=configured) as machine:
            result = machine.wait(r"^\[fuzz\] (ok|FAIL) .*$", LIMIT)
            machine.wait(r"^\[vmm\.victim\] \d+ passed, \d+ failed$", LIMIT)
            text = machine.text
    require(not DIED.search(text), text[-3000:])
    require(result[1] == "ok", text[-3000:])
    victim_unharmed(text)
    return text


def service_case(seed, calls):
    return case(f"a service of {calls} random calls (seed {seed}) harms nobody", service_beside, seed, calls)
