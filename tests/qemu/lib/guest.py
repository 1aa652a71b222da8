# SPDX-License-Identifier: BSD-2-Clause
"""Runs bare-metal guests of tests/guests: each of their tests is a case of ours."""
import re
import tempfile

from machine import Machine, bare_system
from results import result

DIED = re.compile(r"^.*init: .* died: .*$", re.MULTILINE)


def lines_of(text, vm):
    """What a VM wrote through its VMM."""
    return re.findall(rf"^(?:\[vmm\.{vm}\] )?(.*)$" if vm is None else rf"^\[vmm\.{vm}\] (.*)$", text, re.MULTILINE)


def report(text, vm):
    """The cases of one guest, and whether it said at its end what they were."""
    lines = lines_of(text, vm)
    cases = [line for line in lines if line.startswith(("ok ", "FAIL "))]
    notes = []
    for line in lines:
        verdict, _, name = line.partition(" ")
        if verdict in ("ok", "FAIL"):
            result(verdict == "ok", f"{vm}: {name}", "\n".join(notes))
            notes = []
        else:
            notes.append(line)
    passed = sum(1 for line in cases if line.startswith("ok "))
    ends = [line for line in lines if re.fullmatch(r"\d+ passed, \d+ failed", line)]
    result(ends == [f"{passed} passed, {len(cases) - passed} failed"] and passed > 0,
           f"{vm}: came to its end", "\n".join(notes))


def run_guests(guests, name, change=None, reports=report):
    """Boots (name, vCPUs) guests together and reports their cases, and how the system ended."""
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        run_system(bare_system(directory, guests), [vm for vm, _ in guests], name, change, reports)


def run_system(system, vms, name, change=None, reports=report, **keys):
    """The same with a system file of its own; returns all that was said."""
    with Machine(system, change=change, **keys) as machine:
        problem = ""
        status = None
        try:
            status = machine.off()
        except Exception as e:  # the cases that were reached still count
            problem = str(e)
        for vm in vms:
            reports(machine.text, vm)
        died = DIED.search(machine.text)
        if died:
            problem = died.group() + "\n" + problem
        result(status == 0 and not died, f"{name}: the machine turned itself off and no service died",
               problem or f"exit status {status}; the output ends with\n{machine.text[-3000:]}")
        return machine.text
