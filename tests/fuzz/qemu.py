#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/fuzz/qemu.py SECONDS [SEED]: what tests/qemu/fuzz.py does, from fresh seeds, until the time is over.

The seed of each boot is in the name of its case, so a failure comes again with it: SECONDS 0 is one boot.
"""
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu", "lib"))

import fuzzed  # noqa: E402
from results import finish  # noqa: E402

CASES = 40000
CALLS = 100000


def main():
    end = time.monotonic() + float(sys.argv[1])
    seed = int(sys.argv[2], 0) if len(sys.argv) > 2 else random.getrandbits(32)
    while fuzzed.guest_case(seed, CASES) and fuzzed.service_case(seed, CALLS) and time.monotonic() < end:
        seed = (seed * 2654435761 + 1) & 0xffffffff


main()
finish()
