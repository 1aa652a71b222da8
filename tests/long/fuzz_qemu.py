#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What tests/qemu/fuzz.py does, from more seeds and for longer."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu", "lib"))

import fuzzed  # noqa: E402
from results import finish  # noqa: E402

SEEDS = range(1, 3)

for seed in SEEDS:
    fuzzed.guest_case(seed, 80000)
    fuzzed.service_case(seed, 100000)
finish()
