#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hostile input in the machine, from fixed seeds: tests/guests/fuzz.c and tests/services/fuzz; tests/fuzz/qemu.py has fresh ones."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import fuzzed  # noqa: E402
from results import finish  # noqa: E402

fuzzed.guest_case(0x5eed, 12000)
fuzzed.service_case(0x5eed, 8000)
finish()
