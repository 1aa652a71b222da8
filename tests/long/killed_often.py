#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""As tests/qemu/killed.py, with many deaths at points drawn at random. TEST_SEED=N: other ones."""
import os
import random
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "qemu", "lib"))

from kill import Killer, Program  # noqa: E402
from load import Load, prepare  # noqa: E402
from results import case, finish, require  # noqa: E402
from shell import booted, power_off  # noqa: E402

DISK_BYTES = 64 << 20
KILLS = 60
STEPS = 60  # instructions behind a point, at most

# A service may die five times in ten seconds, then init gives it up. The guest's clock says when they are over.
DEATHS, SECONDS = 5, 12

# Of the UART's driver only the ends of a turn: between the ring and the wire a character can be lost.
VICTIMS = [
    ("uart0.linux", Program("pl011"), STEPS,
     ["pl011_access", "pl011_access()", "ring_write", "ring_write()", "ring_skip", "ring_skip()", "pl011_receive",
      "pl011_transmit", "pl011_peek", "ring_data_wanted", "ring_ask_data"]),
    ("disk0.linux", Program("virtio-blk"), STEPS,
     ["virtio_ring_take", "virtio_ring_take()", "virtio_chain_get", "virtio_chain_get()", "virtio_chain_put",
      "virtio_chain_put()", "virtio_ring_answer", "virtio_ring_answer()", "virtio_ring_wants_interrupt",
      "virtio_mmio_access", "virtio_mmio_access()", "virtio_ring_ask"]),
    ("disk", Program("virtio-blk-driver"), STEPS,
     ["blk_driver_submit", "blk_driver_submit()", "blk_driver_next", "blk_driver_next()", "server_answer",
      "server_answer()"]),
    ("uart", Program("pl011-driver"), 0, ["pl011_driver_turn", "pl011_driver_turn()"]),
]


def kill_often(disk, seed):
    rng = random.Random(seed)
    deaths = {service: [] for service, *_ in VICTIMS}
    with Killer("default", disk, {"append": "quiet"}) as machine:
        booted(machine)
        load = Load(machine)
        for _ in range(KILLS):
            while not (allowed := [v for v in VICTIMS if len(deaths[v[0]]) < DEATHS
                                   or load.ticks() - deaths[v[0]][-DEATHS] > SECONDS]):
                machine.wait("^tick$")
            service, program, steps, points = rng.choice(allowed)
            point, steps = rng.choice(points), rng.randint(0, steps)
            print(f"{service} at {point} + {steps}", flush=True)
            machine.kill(service, program, point, steps, load.type)
            deaths[service].append(load.ticks())
            load.progress(50)
        require(load.end(disk) >= KILLS // 4, "there was hardly any load on the disk")
        power_off(machine)


def main():
    seed = int(os.environ.get("TEST_SEED", "1"))
    with tempfile.TemporaryDirectory(prefix="skerry-test-") as directory:
        disk = os.path.join(directory, "disk.img")
        prepare(disk, DISK_BYTES)
        case(f"killed_often: {KILLS} deaths under load, seed {seed}", kill_often, disk, seed)
    finish()


main()
