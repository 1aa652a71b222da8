#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Services that die while Linux works: it goes on, and nothing is lost or done twice.

A debugger moves the service's program counter to where nothing is, at points before an access takes effect,
between effect and commit, and after the commit.
"""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from kill import NOWHERE, Killer, Program  # noqa: E402
from load import Load, prepare  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, done, power_off  # noqa: E402

DISK_BYTES = 64 << 20

# init starts a service again five times in ten seconds, so a boot is good for five deaths of each.
UART = ("uart0.linux", Program("pl011"))
DISK = ("disk0.linux", Program("virtio-blk"))
UART_DRIVER = ("uart", Program("pl011-driver"))
DISK_DRIVER = ("disk", Program("virtio-blk-driver"))
BOOTS = {
    "device servers, around output and requests": [
        (UART, "pl011_access"), (DISK, "virtio_ring_take"),
        (UART, "pl011_access()"), (DISK, "virtio_chain_put"),
        (UART, "ring_write"), (DISK, "virtio_chain_put()"),
        (UART, "ring_write()"), (DISK, "virtio_ring_answer"),
        (UART, "ring_data_wanted()=1"), (DISK, "virtio_ring_answer()"),
    ],
    "device servers, around input and registers; drivers": [
        (UART, "ring_skip"), (DISK, "virtio_mmio_access"), (DISK_DRIVER, "blk_driver_submit"),
        (UART, "ring_skip()"), (DISK, "virtio_mmio_access()"), (DISK_DRIVER, "blk_driver_submit()"),
        (UART, "pl011_receive()"), (DISK, "virtio_ring_wants_interrupt"), (DISK_DRIVER, "blk_driver_next()"),
        (UART_DRIVER, "pl011_driver_turn"), (DISK, "virtio_chain_get()"), (DISK_DRIVER, "server_answer"),
        (UART_DRIVER, "pl011_driver_turn()=1"), (DISK_DRIVER, "server_answer()"),
    ],
}


def deaths(directory, points):
    disk = os.path.join(directory, "disk.img")
    prepare(disk, DISK_BYTES)
    with Killer("default", disk, {"append": "quiet"}) as machine:
        booted(machine)
        load = Load(machine)
        for (service, program), point in points:
            machine.kill(service, program, point, cause=load.type)
            load.progress()
        load.end(disk)
        power_off(machine)


def words(directory):
    """A server that accesses what it has not dies, too; init says which address, and from where."""
    disk = os.path.join(directory, "disk.img")
    service, program = DISK
    address = program.address("virtio_ring_answer")
    prepare(disk, DISK_BYTES)
    with Killer("default", disk, {"append": "quiet"}) as machine:
        booted(machine)
        load = Load(machine)
        machine.stop_in(program, "virtio_ring_answer")
        machine.gdb.set("x0", NOWHERE)  # its first argument: a struct
        machine.gdb.go()
        machine.died(service, rf"data abort at 0x{NOWHERE >> 8:x}.. \(no mapping\), pc 0x{address >> 8:x}.., syndrome 0x9.......")
        load.progress()
        load.end(disk)
        power_off(machine)


def vmm(directory):
    """A VMM takes its VM along, which starts anew: its memory is empty, its disk is not."""
    disk = os.path.join(directory, "disk.img")
    prepare(disk, DISK_BYTES)
    with Killer("default", disk, {"append": "quiet"}) as machine:
        booted(machine)
        done(machine, "echo kept | dd of=/dev/vda seek=100 conv=fsync 2>/tmp/lost")
        # An access to where nothing is, so the VMM is asked.
        machine.kill("vmm.linux", Program("vmm"), "arch_mmio", cause=lambda: machine.type("devmem 0x0c000000\n"))
        booted(machine)
        require(done(machine, "ls /tmp") == "", "the VM has its old memory")
        require(done(machine, "dd if=/dev/vda skip=100 count=1 2>/dev/null | head -n 1") == "kept\n", "the disk lost its data")
        power_off(machine)


def run(names, functions):
    for name in names:
        with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
            case(f"killed: {name}", deaths, directory, BOOTS[name])
    for name, function in functions:
        with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
            case(f"killed: {name}", function, directory)
    finish()


def main():
    """The other deaths are tests/long/killed_all.py's."""
    run(list(BOOTS)[:1], [("a VMM", vmm)])


if __name__ == "__main__":
    main()
