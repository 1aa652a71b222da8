#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make the picture of a run for the README: tools/transcript.py OUT.svg [TRANSCRIPT]

Without a transcript, runs `make run` on a terminal of its own, types a few commands at the guest's prompt
and draws what came. With one (a file, as `make run | tee FILE` leaves it), draws that.
"""
import os
import pty
import re
import select
import subprocess
import sys
import time
from xml.sax.saxutils import escape

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROMPT = "guest:/# "
COMMANDS = ["uname -srm", "grep GIC /proc/interrupts", "echo 'kept on the host' | dd of=/dev/vda conv=fsync 2>/dev/null",
            "head -n 1 /dev/vda", "poweroff"]
LIMIT = 180  # seconds of the host until a run that hangs is given up

COLUMNS = 100
FIRST_KERNEL, LAST_KERNEL = 2, 5  # lines shown of the guest's boot
LINE, SIZE, MARGIN, CHARACTER = 17, 13, 14, 7.83
COLOURS = {"command": "#7ee787", "host": "#d2a8ff", "service": "#79c0ff", "guest": "#c9d1d9", "left out": "#8b949e"}


def record():
    """The output of `make run`, with COMMANDS typed one by one as the prompt comes."""
    terminal, there = pty.openpty()
    run = subprocess.Popen(["make", "run"], cwd=ROOT, stdin=there, stdout=there, stderr=there, start_new_session=True)
    os.close(there)
    text, at, commands, end = "", 0, list(COMMANDS), time.monotonic() + LIMIT
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                data = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            text += data.decode("utf-8", "replace")
            if commands and PROMPT in text[at:]:
                at = len(text)
                os.write(terminal, (commands.pop(0) + "\r").encode())
        else:
            sys.exit(f"transcript: no end after {LIMIT} s; the output ends with\n{text[-2000:]}")
        if run.wait():
            sys.exit(f"transcript: make run ended with status {run.returncode}\n{text[-2000:]}")
        return text
    finally:
        if run.poll() is None:
            run.terminate()
            run.wait()


def plain(text):
    """Lines without what only a terminal understands."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")
    return [line.rstrip() for line in text.split("\n")]


def kind(line, booted):
    if line.startswith(PROMPT):
        return "command"
    if re.match(r"\w[\w.]*: ", line) and not booted:
        return "service"
    return "guest" if booted or line.startswith("[") else "host"


def shown(lines):
    """(kind, text): without the build, and with a part of the guest's boot."""
    begin = next((i for i, line in enumerate(lines) if line.startswith("To quit:")), 0)
    lines = lines[begin:]
    kernel = [i for i, line in enumerate(lines) if re.match(r"\[ *\d+\.\d+\] ", line)]
    end = next((n for n, i in enumerate(kernel) if "Run /init" in lines[i]), len(kernel) - 1) + 1
    hidden = set(kernel[FIRST_KERNEL:max(FIRST_KERNEL, end - LAST_KERNEL)])
    yield "command", "$ make run"
    booted, blank = False, False
    for i, line in enumerate(lines):
        booted = booted or line.startswith("skerry-guest: ready")
        if i in hidden:
            if i == min(hidden):
                yield "left out", f"      ... {len(hidden)} more lines of the guest's boot ..."
        elif line or not blank:
            yield kind(line, booted), line
        blank = not line
    yield "command", "$"


def draw(lines):
    height = LINE * len(lines) + 2 * MARGIN
    width = int(COLUMNS * CHARACTER) + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" font-family="ui-monospace, DejaVu Sans Mono, Menlo, monospace" '
           f'font-size="{SIZE}">',
           "<title>A terminal: make run, the boot of Skerry and Linux, some commands in the guest, poweroff</title>",
           f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>']
    for number, (what, text) in enumerate(lines):
        if len(text) > COLUMNS:
            text = text[:COLUMNS - 3] + "..."
        if text:
            y = MARGIN + LINE * number + SIZE
            out.append(f'<text x="{MARGIN}" y="{y}" fill="{COLOURS[what]}" xml:space="preserve">{escape(text)}</text>')
    return "\n".join(out + ["</svg>", ""])


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        sys.exit(__doc__.splitlines()[0])
    if len(arguments) == 2:
        with open(arguments[1], encoding="utf-8", errors="replace") as f:
            text = f.read()
    else:
        text = record()
    with open(arguments[0], "w", encoding="utf-8") as f:
        f.write(draw(list(shown(plain(text)))))


if __name__ == "__main__":
    main(sys.argv[1:])
