#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two Linux VMs on one core and a switch between them: they ping each other, and copy files over TCP, also while the
servers of their network devices and the switch die.
"""
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "qemu", "lib"))

from kill import Killer, Program  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import BOOT_LIMIT, PROMPT, READY, booted, done, power_off  # noqa: E402

ESCAPE = "\x1d"  # Ctrl-]
FIRST, SECOND = ("0", "linux"), ("1", "linux-b")
ADDRESS = {FIRST: "10.0.0.1", SECOND: "10.0.0.2"}
HARDWARE = {FIRST: "02:53:4b:00:01:01", SECOND: "02:53:4b:00:02:01"}
LINES = 200000  # of a file that is copied: more than a megabyte, a thousand frames
LIMIT = 300     # seconds of the host
NET = Program("virtio-net")
# init starts a service again five times in ten seconds.
DEATHS = [("net0.linux", NET, "virtio_chain_get"), ("net0.linux-b", NET, "virtio_chain_put()"),
          ("lan", Program("switch"), "frames_skip"), ("net0.linux", NET, "frames_publish()"),
          ("net0.linux-b", NET, "virtio_ring_answer"), ("lan", Program("switch"), "frames_publish()"),
          ("net0.linux", NET, "virtio_ring_answer()"), ("net0.linux-b", NET, "frames_skip")]


def both_booted(machine):
    booted(machine)
    machine.see(r"^\[linux-b\] " + READY[1:], BOOT_LIMIT)
    for guest in (SECOND, FIRST):
        attach(machine, guest)
        require(HARDWARE[guest] in done(machine, "ip link show eth0"), "the device has another address than its own")
        done(machine, f"ip link set eth0 up && ip addr add {ADDRESS[guest]}/24 dev eth0")


def attach(machine, guest):
    key, name = guest
    machine.type(ESCAPE + key)
    machine.wait(rf"^\[console\] attached to uart0\.{name}; Ctrl-\] h: help$")
    machine.type("\n")
    machine.wait(PROMPT)


def ping(machine):
    """Both ways, short and long, with the time to learn each other's address."""
    for guest, other in ((FIRST, SECOND), (SECOND, FIRST)):
        attach(machine, guest)
        for size in (8, 1400):
            output = done(machine, f"ping -c 3 -i 1 -W 20 -s {size} {ADDRESS[other]}", LIMIT)
            require("3 packets transmitted, 3 packets received, 0% packet loss" in output, output)
    attach(machine, FIRST)
    require(HARDWARE[SECOND] in done(machine, "ip neigh"), "the other's address is another")


def copy(machine, number, meanwhile=None):
    """From the first to the second; `meanwhile` is called when the copy has begun and must end before it does."""
    attach(machine, SECOND)
    # Its input must not end: nc would end the connection.
    done(machine, "[ -p /tmp/none ] || mkfifo /tmp/none")
    done(machine, f"{{ nc -l -p 5000 <>/tmp/none >/tmp/got; echo rec''eived {number}; }} & true")
    attach(machine, FIRST)
    done(machine, f"seq {LINES} | sed 's/$/ of {number}/' >/tmp/sent")
    machine.type(f"echo co''pies; nc {ADDRESS[SECOND]} 5000 </tmp/sent; echo cop''ied {number}\n")
    machine.wait(r"^copies$")
    if meanwhile:
        meanwhile()
        require(f"copied {number}" not in machine.text, "the copy had ended before all had died")
    start = machine.at
    machine.see(rf"^copied {number}$", LIMIT, start)
    machine.see(rf"received {number}$", LIMIT, start)
    sums = {}
    for guest, path in ((FIRST, "/tmp/sent"), (SECOND, "/tmp/got")):
        attach(machine, guest)
        sums[guest] = done(machine, f"wc -c <{path}; md5sum <{path}", LIMIT)
    require(re.match(r"\d{7}\n", sums[FIRST]) and sums[FIRST] == sums[SECOND], f"{sums[FIRST]}arrived as\n{sums[SECOND]}")


def deaths(machine):
    def die():
        for service, program, point in DEATHS:
            machine.kill(service, program, point)
            many(machine)

    copy(machine, 2, die)


def many(machine):
    """Some more frames of the copy pass: a death is in the middle of it."""
    program = Program("switch")
    address = program.address("frames_publish")
    machine.gdb.interrupt()
    for _ in range(20):
        machine.reach(program, address)
        machine.gdb.step()
    machine.gdb.go()


def main():
    with Killer("network", None, {"append": "quiet"}) as machine:
        case("network: two guests come to their shells", both_booted, machine) \
            and case("network: they ping each other", ping, machine) \
            and case("network: a file is copied", copy, machine, 1) \
            and case("network: a file is copied while servers and switch die", deaths, machine)
        attach(machine, SECOND)
        machine.type("poweroff\n")
        machine.see(r"reboot: Power down$")
        attach(machine, FIRST)
        case("network: off", power_off, machine)
    finish()


main()
