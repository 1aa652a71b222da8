#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The bare-metal guests of tests/guests: each in a boot of its own, then many at once as VMs of one core.

With names as arguments, only those; `together` and `turns` are the boots of many.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from guest import run_guests  # noqa: E402
from results import finish  # noqa: E402

GUESTS = [("selftest", 1), ("mmio", 1), ("refused", 1), ("timers", 1), ("sgi", 1), ("levels", 1),
          ("overflow", 1), ("fp", 2), ("watchpoint", 1), ("two_vcpus", 2), ("wfi", 1), ("psci", 2),
          ("idregs", 1), ("cache", 1), ("noise", 1), ("ptimer", 2), ("decode", 1), ("gicv3", 1), ("gicv3_both", 2),
          ("its", 2), ("debug", 2), ("pmu", 2), ("aarch32", 1)]

# As many as one core's init can start.
TOGETHER = [("timers", 1), ("sgi", 1), ("levels", 1), ("overflow", 1), ("fp", 2), ("two_vcpus", 2), ("wfi", 1),
            ("watchpoint", 1), ("cache", 1), ("ptimer", 2), ("gicv3", 1)]

# What a vCPU has of its own in the core, by turns with others that use the same.
TURNS = [("debug", 2), ("pmu", 2), ("watchpoint", 1), ("fp", 2), ("ptimer", 2), ("decode", 1)]

for guest in GUESTS:
    if not sys.argv[1:] or guest[0] in sys.argv[1:]:
        run_guests([guest], guest[0])
if not sys.argv[1:] or "together" in sys.argv[1:]:
    run_guests(TOGETHER, "together")
if not sys.argv[1:] or "turns" in sys.argv[1:]:
    run_guests(TURNS, "turns")
finish()
