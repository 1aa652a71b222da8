#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two Linux guests that exchange messages from user space, by the module and the program of tools/guest/ivc."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from machine import make_run  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import BOOT_LIMIT, PROMPT, READY, booted, command, done, power_off  # noqa: E402

ESCAPE = "\x1d"  # Ctrl-]
A, B = "linux-ivc-a", "linux-ivc-b"
BEHIND = {A: r"^\[linux-ivc-a\] ", B: r"^\[linux-ivc-b\] "}


def both_booted(machine):
    booted(machine)
    machine.see(BEHIND[B] + READY[1:], BOOT_LIMIT)
    for name in (B, A):
        attach(machine, name)
        require(done(machine, "ls /dev/ivc") == "/dev/ivc\n", "the module has no device")


def attach(machine, name):
    machine.type(ESCAPE + ("0" if name == A else "1"))
    machine.wait(rf"^\[console\] attached to uart0\.{name}; Ctrl-\] h: help$")
    machine.type("\n")
    machine.wait(PROMPT)


def own(text):
    """Without the lines of the guest that has not the keyboard."""
    return "".join(line for line in text.splitlines(True) if not line.startswith("["))


def exchange(machine, here, mine, there, theirs):
    """Messages with their answers, each behind a doorbell: both sleep in poll, without a limit."""
    attach(machine, there[0])
    done(machine, f"(ivc listen {theirs} {here[1]} {mine} &)")
    attach(machine, here[0])
    texts = [f"word {i} of {here[0]}" for i in range(20)] + ["end"]
    said = own(done(machine, f"ivc say {mine} {there[1]} {theirs} " + " ".join(f"'{t}'" for t in texts)))
    require(said == "".join(f"answer: re {t}\n" for t in texts), f"other answers came:\n{said}")
    machine.see(BEHIND[there[0]] + f"heard: {texts[-2]}$")


def refusals(machine):
    """Who may not write cannot map it so; and if it could, its store takes an abort."""
    attach(machine, B)
    done(machine, "(ivc hold 2 5000 &)")
    attach(machine, A)
    require(own(done(machine, "ivc subscribe 2 2")) == "publisher 2\nkey 2\nbytes 8192\nagain: error 16\nleft: error 0\n",
            "it is another channel, or cannot be left")
    for what, says in (("ivc write 2 2", "mmap: error 13"), ("ivc write 2 2 force", "Bus error"),
                       ("ivc subscribe 2 7", "subscribe: error 1"), ("ivc publish 2 4096", "publish: error 1"),
                       ("ivc publish 1 70000", "publish: error 1"), ("ivc publish 1 0", "publish: error 1")):
        output, status = command(machine, what + " 2>&1")
        require(status != 0 and own(output).strip() == says, f"{what}\nended with status {status} and said\n{output}")


def writing(machine):
    """Who may write does, and the publisher's channel has it."""
    done(machine, "(ivc hold 3 4096 &)")
    attach(machine, B)
    require(own(done(machine, "ivc write 1 3 force")) == "written\n", "it cannot write")
    require(done(machine, "killall ivc; ivc publish 2 1") == "published by 2\nbytes 4096\n", "a killed program keeps its channel")


def gone(machine):
    """Channels that were left can be made again, as often as one likes."""
    attach(machine, A)
    text = done(machine, "killall ivc; i=0; while [ $i -lt 100 ]; do ivc publish 1 65536 || break; i=$((i+1)); done; echo $i")
    require(text.endswith("\n100\n"), f"after some it ended:\n{text[-500:]}")


def ends(machine):
    machine.type("poweroff\n")
    machine.wait(r"reboot: Power down$")
    attach(machine, B)
    power_off(machine)


def main():
    with make_run({"CONFIG": "two-linux-ivc", "APPEND": "quiet"}) as machine:
        case("ivc_linux: both have /dev/ivc", both_booted, machine) \
            and case("ivc_linux: one asks, the other answers", exchange, machine, (A, 1), 1, (B, 2), 2) \
            and case("ivc_linux: and the other way", exchange, machine, (B, 2), 2, (A, 1), 1) \
            and case("ivc_linux: what is not granted is refused", refusals, machine) \
            and case("ivc_linux: a subscriber that may writes; a killed program leaves", writing, machine) \
            and case("ivc_linux: a hundred channels, one after the other", gone, machine) \
            and case("ivc_linux: both turn themselves off", ends, machine)
    finish()


main()
