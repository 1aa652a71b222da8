# SPDX-License-Identifier: BSD-2-Clause
"""The shell of a Linux guest, through the console."""
import hashlib

from machine import LIMIT
from results import Failed, require

BOOT_LIMIT = 180  # seconds of the host until Linux has its shell
PROMPT = r"^guest:\S*# "
READY = r"^skerry-guest: ready$"


def booted(process):
    """Waits for the shell's first prompt."""
    process.wait(READY, BOOT_LIMIT)
    process.wait(PROMPT)


def command(process, text, limit=LIMIT):
    """Types a command; returns its output and exit status, when the prompt is there again.

    The words around the output are not in what is typed, so its echo does not count.
    """
    number = process.__dict__["commands"] = process.__dict__.get("commands", 0) + 1
    process.type(f"echo be''gin {number}; {text}; echo e''nd {number} $?\n")
    begin = process.wait(rf"^begin {number}\n", limit).end()
    match = process.wait(rf"^end {number} (\d+)$", limit)
    process.wait(PROMPT, limit)
    return process.text[begin:match.start()], int(match.group(1))


def done(process, text, limit=LIMIT):
    """The output of a command that must succeed."""
    output, status = command(process, text, limit)
    require(status == 0, f"{text}\nended with status {status} and said\n{output}")
    return output


def power_off(process):
    """Turns the last VM off; the machine must end with status 0."""
    process.type("poweroff\n")
    status = process.off()
    require(status == 0, f"the exit status is {status}; the output ends with\n{process.text[-2000:]}")


def numbers(count):
    """What `seq COUNT` writes."""
    return "".join(f"{i}\n" for i in range(1, count + 1)).encode()


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def expect_md5(process, pipeline, data, limit=LIMIT):
    """The pipeline's output, in the guest, is that data."""
    output = done(process, pipeline + " | md5sum", limit)
    if output.split()[:1] != [md5(data)]:
        raise Failed(f"{pipeline}\ngave other data than was written: {output}")
