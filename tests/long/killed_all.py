#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The deaths of tests/qemu/killed.py that the short suite has no time for."""
import os
import sys

sys.dont_write_bytecode = True
QEMU = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "qemu")
sys.path[:0] = [QEMU, os.path.join(QEMU, "lib")]

import killed  # noqa: E402

killed.run(list(killed.BOOTS)[1:], [("what init says of a data abort", killed.words)])
