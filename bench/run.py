#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Instructions per operation, size and boot: what `make bench` calls once everything is built.

    bench/run.py [NAME ...]      all, or only what gives those names

Everything is measured twice and must come out the same. Prints a table; when all was measured, build/bench.json
has it too. What each name means: docs/bench.md. Ends with 0 when every name was measured, whatever its aim.
"""
import concurrent.futures
import importlib
import json
import os
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import counted  # noqa: E402

DIRECTORY = os.path.join(counted.BUILD, "bench")
OUTPUT = os.path.join(counted.BUILD, "bench.json")

# name -> aim, peers on the same emulated machine (instructions; fractions)
FIGURES = {
    "svc_null": (80, "NOVA 107, seL4 265"),
    "ipc_call_reply": (350, "NOVA 351, seL4 548"),
    "signal": (110, "NOVA 180, seL4 331"),
    "signal_wake": (500, "seL4 1,022, NOVA 1,592"),
    "hvc_kernel": (90, "Bao 189, Xvisor 397, Xen 482, KVM 996"),
    "exit_vmm": (420, "NOVA 707, seL4 1,268"),
    "mmio_server": (450, "NOVA 1,054, seL4 3,239, KVM 6,166"),
    "doorbell": (150, ""),
    "irq_inject": (600, ""),
    "sgi": (800, "KVM 4,717"),
    "timer": (400, "Xen 1,057, KVM 4,833"),
    "eoi": (25, "KVM 21, Xen 21"),
    "vcpu_switch": (900, ""),
    "map_4k": (300, "seL4 1,072 with unmap"),
    "linux_boot_overhead": (0.01, "KVM 0.053, Xen 0.064"),
    "linux_boot_overhead_verbose": (0.05, "KVM 0.337"),
    "kernel_bytes": (81920, "seL4 35,632 without boot, Bao 72,150, NOVA 77,496"),
    "boot_to_guest": (60_000_000, ""),
    "kernel_max_path": (3_000, ""),
}


def part(title, module, function, *names, alone=False):
    """`alone` takes no directory, so it cannot run twice at once. Modules are loaded when they are used."""

    def measure(directory, progress):
        called = getattr(importlib.import_module(module), function)
        return called() if alone else called(directory, progress)

    return title, names, measure, alone


PARTS = [
    part("micro benches", "micro", "measure", *list(FIGURES)[:14], alone=True),
    part("a new guest's memory is zero", "boot", "zeroed", "boot_to_guest"),
    part("Linux's boot, quiet", "linux", "quiet", "linux_boot_overhead", "boot_to_guest"),
    part("Linux's boot, all messages", "linux", "verbose", "linux_boot_overhead_verbose"),
    part("the kernel's size", "boot", "kernel_bytes", "kernel_bytes"),
    part("the kernel's longest path", "paths", "measure", "kernel_max_path"),
]


class Progress:
    """Says on stderr what runs; on a terminal also for how long."""

    def __init__(self, title):
        self.title, self.start, self.lock = title, time.monotonic(), threading.Lock()
        self.tty = sys.stderr.isatty()
        print(f"{title}, twice ...", end="" if self.tty else "\n", file=sys.stderr, flush=True)

    def tick(self):
        if self.tty:
            with self.lock:
                print(f"\r{self.title}, twice ... {self.seconds()} s", end="", file=sys.stderr, flush=True)

    def seconds(self):
        return round(time.monotonic() - self.start)

    def done(self):
        lead = "\r" if self.tty else ""
        print(f"{lead}{self.title}: {self.seconds()} s            ", file=sys.stderr, flush=True)


def twice(measure, alone, progress):
    """What was measured, the same both times. Two boots at once do not disturb each other's counts."""
    directories = [os.path.join(DIRECTORY, name) for name in ("first", "second")]
    with concurrent.futures.ThreadPoolExecutor(1 if alone else 2) as pool:
        first, second = pool.map(lambda d: measure(d, progress.tick), directories)
    differ = [f"{name}: {first.get(name)}, then {second.get(name)}"
              for name in {**first, **second} if first.get(name) != second.get(name)]
    if differ:
        raise counted.Failed("a second run does not give the same: " + "; ".join(differ)[:2000])
    return first


def run_part(title, names, measure, alone):
    progress = Progress(title)
    try:
        found = twice(measure, alone, progress)
    except (Exception, SystemExit) as e:  # the other parts still run
        progress.done()
        print(f"{title}: {type(e).__name__}: {e}", file=sys.stderr, flush=True)
        return None
    progress.done()
    return found


def show(figures, wanted):
    print(f"{'':28} {'measured':>12} {'aim':>12}        peers")
    for name in wanted:
        aim, peers = FIGURES[name]
        value = figures.get(name)
        number = "missing" if value is None else f"{value:,}"
        verdict = "" if value is None else "ok" if value <= aim else "above"
        print(f"{name:28} {number:>12} {aim:>12,}  {verdict:5} {peers}".rstrip())


def write(figures):
    boot = importlib.import_module("boot")
    values = {name: figures[name] for name in FIGURES} | {"image": boot.image(), "guest": boot.guest()}
    with open(OUTPUT + ".part", "w", encoding="ascii") as f:
        f.write(json.dumps(values, indent=1) + "\n")
    os.rename(OUTPUT + ".part", OUTPUT)


def main(names):
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        sys.exit(f"bench: no figure {' '.join(unknown)}; there are {' '.join(FIGURES)}")
    wanted = [name for name in FIGURES if not names or name in names]
    figures, notes, spoiled = {}, [], set()
    if not names and os.path.exists(OUTPUT):
        os.unlink(OUTPUT)  # what is there after this run is of this run
    with counted.ram():
        for title, gives, measure, alone in PARTS:
            if set(gives) & set(wanted) and not counted.stop.is_set():
                found = run_part(title, gives, measure, alone)
                spoiled |= set(gives) if found is None else set()
                notes += [found["note"]] if found and "note" in found else []
                figures |= found or {}
    figures = {name: value for name, value in figures.items() if name not in spoiled}
    show(figures, wanted)
    print("\n".join(notes))
    missing = [name for name in wanted if not isinstance(figures.get(name), (int, float))]
    if missing:
        sys.exit(f"bench: not measured: {' '.join(missing)}")
    if not names:
        write(figures)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: counted.stop.set())
    main(sys.argv[1:])
