#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Instructions per operation, size and boot: what `make bench` calls once everything is built.

    bench/run.py [NAME ...]      all, or only what gives those names

Everything is measured twice and must come out the same. Prints a table; when all was measured, build/bench.json
has it too. What each name means: docs/bench.md. Ends with 0 when every name was measured and none is above its must,
but those that are known to be (OUT_OF_REACH).
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

# name -> must, aim, peers on the same emulated machine (instructions; fractions)
FIGURES = {
    "svc_null": (80, 70, "NOVA 107, seL4 265"),
    "ipc_call_reply": (350, 300, ""),
    "ipc_call_reply_raw": (300, 260, "NOVA 351, seL4 548"),
    "signal": (110, 90, "NOVA 180, seL4 331"),
    "signal_wake": (500, 400, "seL4 1,022, NOVA 1,592"),
    "hvc_kernel": (90, 75, "Bao 189, Xvisor 397, Xen 482, KVM 996"),
    "exit_vmm": (420, 330, "NOVA 707, seL4 1,268"),
    "mmio_server": (450, 350, "NOVA 1,054, seL4 3,239, KVM 6,166"),
    "doorbell": (150, 120, ""),
    "irq_inject": (600, 450, ""),
    "sgi": (800, 600, "KVM 4,717"),
    "timer": (400, 250, "Xen 1,057, KVM 4,833"),
    "eoi": (25, 21, "KVM 21, Xen 21"),
    "vcpu_switch": (900, 700, "seL4 780"),
    "fp_switch": (250, 150, ""),
    "map_4k": (300, 200, "seL4 1,072 with unmap"),
    "unmap_4k": (300, 250, "seL4 1,072 with map"),
    "linux_boot_overhead": (0.01, 0.005, "KVM 0.053, Xen 0.064"),
    "linux_boot_overhead_verbose": (0.05, 0.03, "KVM 0.337"),
    "kernel_bytes": (81920, 49152, "seL4 35,632 without boot, Bao 72,150, NOVA 77,496"),
    "boot_to_guest": (60_000_000, 40_000_000, ""),
    "kernel_max_path": (3_000, 1_500, ""),
}

# What is above its must, and why: bench/README.md. These must not come above what they are here.
OUT_OF_REACH = {
    "ipc_call_reply": 460,
    "exit_vmm": 435,
    "mmio_server": 490,
    "doorbell": 152,
    "kernel_max_path": 145000,
}


def part(title, module, function, *names, alone=False):
    """`alone` takes no directory, so it cannot run twice at once. Modules are loaded when they are used."""

    def measure(directory, progress):
        called = getattr(importlib.import_module(module), function)
        return called() if alone else called(directory, progress)

    return title, names, measure, alone


PARTS = [
    part("micro benches", "micro", "measure", *list(FIGURES)[:17], alone=True),
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


def verdict(name, value):
    """(word, whether that is an error)"""
    must, limit = FIGURES[name][0], OUT_OF_REACH.get(name)
    if value <= must:
        return ("in reach", True) if limit else ("ok", False)
    return ("above", limit is None or value > limit)


def show(figures, wanted):
    """Prints the table; the names that are an error."""
    wrong = []
    print(f"{'':28} {'measured':>12} {'must':>12} {'aim':>12}            peers")
    for name in wanted:
        must, aim, peers = FIGURES[name]
        value = figures.get(name)
        number = "missing" if value is None else f"{value:,}"
        word, error = ("", False) if value is None else verdict(name, value)
        wrong += [name] if error else []
        print(f"{name:28} {number:>12} {must:>12,} {aim:>12,}  {word:8} {peers}".rstrip())
    return wrong


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
    wrong = show(figures, wanted)
    print("\n".join(notes))
    missing = [name for name in wanted if not isinstance(figures.get(name), (int, float))]
    if missing:
        sys.exit(f"bench: not measured: {' '.join(missing)}")
    if not names:
        write(figures)
    if wrong:
        sys.exit(f"bench: above what they must be, or in OUT_OF_REACH and not above: {' '.join(wrong)}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: counted.stop.set())
    main(sys.argv[1:])
