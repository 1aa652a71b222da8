#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs test suites: tests/run.py [--only WORD] SUITE...  with SUITE one of unit, fuzz, ipc, qemu, long.

A test is a program that prints `ok NAME` or `FAIL NAME` for each of its cases and exits with 0 when none
failed; anything else it prints is shown when it fails. Programs come from:

  unit   build/host/unit/NAME for each tests/unit/NAME.c, and tests/unit/**/test_*.py
  fuzz   build/host/fuzz/NAME for each tests/fuzz/NAME.c, and tests/fuzz/test_*.py
  ipc    tests/ipc/run.py or tests/ipc/test_*.py, and build/host/ipc/test_*
  qemu   executable tests/qemu/*.py
  long   executable tests/long/*.py and tests/*/long_*.py, and the unit tests that draw random numbers
         and what is fuzzed, with TEST_ROUNDS times as many rounds

A program that runs too long is killed with everything it started, and has failed.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOST = ROOT / "build" / "host"
TESTS = ROOT / "tests"
LINE = re.compile(r"^(ok|FAIL) (\S.*)$", re.MULTILINE)

# Seconds until a program is killed, and programs at a time (a QEMU has a thread per core of its own).
CORES = os.cpu_count() or 1
SUITES = {
    "unit": (120, CORES),
    "fuzz": (120, CORES),
    "ipc": (120, CORES),
    "qemu": (240, max(1, CORES // 2)),
    "long": (1800, max(1, CORES // 2)),
}
LONG_ROUNDS = "20"
FUZZ_ROUNDS = "6"  # make fuzz has no end
SHOWN_LINES = 200  # of the output of a program that failed

running = {}  # process id -> Popen, so that an interrupt ends them


class Program:
    """A test program and, once it ran, what came of it."""

    def __init__(self, path, environment=None):
        self.path = path
        self.command = [sys.executable, path] if path.suffix == ".py" else [path]
        self.name = str(path.relative_to(ROOT)).removeprefix("build/host/").removeprefix("tests/")
        self.environment = dict(os.environ, **(environment or {}))
        self.passed = 0
        self.failures = []
        self.output = ""
        self.seconds = 0.0

    def run(self, limit):
        """Runs it; counts cases from its output and its exit status."""
        begin = time.monotonic()
        with tempfile.TemporaryFile() as output:
            status = self.start(output, limit)
            output.seek(0)
            self.output = output.read().decode("utf-8", "replace")
        self.seconds = time.monotonic() - begin
        cases = LINE.findall(self.output)
        self.passed = sum(1 for verdict, _ in cases if verdict == "ok")
        self.failures = [name for verdict, name in cases if verdict == "FAIL"]
        if status is None:
            self.failures.append(f"{self.name}: killed after {limit} s")
        elif status != 0 and not self.failures:
            self.failures.append(f"{self.name}: {describe(status)}")
        elif not cases:
            self.failures.append(f"{self.name}: no test ran")
        return self

    def start(self, output, limit):
        """The exit status; None when it had to be killed."""
        try:
            process = subprocess.Popen(self.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, env=self.environment,
                                       start_new_session=True)
        except OSError as error:
            output.write(f"{self.path}: {error}\n".encode())
            return 127
        running[process.pid] = process
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            kill(process)
            del running[process.pid]


def describe(status):
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    return f"exit status {status}"


def kill(process):
    """Ends a program's whole session: nothing a test started outlives it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def executables(directory, pattern):
    return [p for p in sorted(directory.glob(pattern)) if p.is_file() and os.access(p, os.X_OK)]


def unit():
    sources = sorted((TESTS / "unit").glob("test_*.c"))
    return ([Program(HOST / "unit" / s.stem) for s in sources]
            + [Program(p) for p in sorted((TESTS / "unit").glob("**/test_*.py"))])


def fuzz():
    return ([Program(HOST / "fuzz" / s.stem) for s in sorted((TESTS / "fuzz").glob("fuzz_*.c"))]
            + [Program(p) for p in executables(TESTS / "fuzz", "test_*.py")])


def ipc():
    return [Program(p) for p in executables(TESTS / "ipc", "run.py") + executables(TESTS / "ipc", "test_*.py")
            + executables(HOST / "ipc", "test_*")]


def qemu():
    return [Program(p) for p in executables(TESTS / "qemu", "*.py") if not p.name.startswith("long_")]


def long():
    random = [s for s in sorted((TESTS / "unit").glob("test_*.c")) if "test_rounds(" in s.read_text()]
    return ([Program(HOST / "unit" / s.stem, {"TEST_ROUNDS": LONG_ROUNDS}) for s in random]
            + [Program(p.path, {"TEST_ROUNDS": FUZZ_ROUNDS}) for p in fuzz()]
            + [Program(p) for p in executables(TESTS / "long", "*.py") + executables(TESTS, "*/long_*.py")])


FIND = {"unit": unit, "fuzz": fuzz, "ipc": ipc, "qemu": qemu, "long": long}


def show(program):
    """One line for a program, and its output when it failed."""
    count = f"{program.passed} passed" + (f", {len(program.failures)} FAILED" if program.failures else "")
    print(f"  {program.name:<36} {count:<24} {program.seconds:6.1f} s", flush=True)
    if program.failures:
        lines = program.output.splitlines()
        if len(lines) > SHOWN_LINES:
            print(f"    ... {len(lines) - SHOWN_LINES} lines before this")
        for line in lines[-SHOWN_LINES:]:
            print(f"    | {line}")
        for failure in program.failures:
            print(f"    FAIL {failure}", flush=True)


def run_suite(name, only):
    """Runs one suite; returns how many passed, and the names that failed."""
    limit, jobs = SUITES[name]
    programs = [p for p in FIND[name]() if only in p.name]
    begin = time.monotonic()
    print(f"{name}: {len(programs)} programs, {jobs} at a time", flush=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(p.run, limit) for p in programs]):
            show(future.result())
    passed = sum(p.passed for p in programs)
    failures = [f for p in programs for f in p.failures]
    print(f"{name}: {passed} passed, {len(failures)} failed in {time.monotonic() - begin:.1f} s", flush=True)
    return passed, failures


def main():
    parser = argparse.ArgumentParser(description="Runs test suites.")
    parser.add_argument("--only", default="", metavar="WORD", help="only programs whose name contains WORD")
    parser.add_argument("suites", nargs="+", choices=list(SUITES), metavar="SUITE")
    options = parser.parse_args()
    passed, failures = 0, []
    for name in options.suites:
        suite_passed, suite_failures = run_suite(name, options.only)
        passed += suite_passed
        failures += suite_failures
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        for child in list(running.values()):
            kill(child)
        os._exit(130)
