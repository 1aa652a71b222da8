#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`make fuzz SECONDS=n`: every target from new seeds, n seconds in all, on all cores.

Targets in C run under libFuzzer, each from inputs of random bytes and from its corpus; programs tests/fuzz/test_*.py
get FUZZ_SEED and FUZZ_SECONDS. What is found is kept in build/fuzz/TARGET/, and the exit status is 1.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUZZ = ROOT / "build" / "fuzz"
HERE = ROOT / "tests" / "fuzz"
CORES = os.cpu_count() or 1
NICE = ["nice", "-n", "10"]
CASE_SECONDS = 60
FIRST_INPUTS = 200
SHOWN_LINES = 60
STATUS = re.compile(r"^#(\d+)\s.*cov: (\d+)")
talk = threading.Lock()


def say(text):
    with talk:
        print(text, flush=True)


def most(target):
    """Bytes of an input, as the target says it."""
    return int(re.search(r"^FUZZ\(\d+, (\d+)\)", (HERE / f"{target}.c").read_text(), re.M)[1])


def first_inputs(target, seed):
    """libFuzzer begins with inputs of one byte: sequences need more than it would come to."""
    folder = FUZZ / target / "inputs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng, size = random.Random(f"{target} {seed}"), most(target)
    for i in range(FIRST_INPUTS):
        (folder / f"first-{i}").write_bytes(rng.randbytes(1 + rng.randrange(size >> rng.randrange(5))))
    corpus = HERE / "corpus" / target
    return [folder] + ([corpus] if corpus.is_dir() else [])


def compiled(target, seed, seconds):
    """-> (command, environment) of libFuzzer on a target."""
    options = [f"-seed={seed}", f"-max_total_time={seconds}", f"-timeout={CASE_SECONDS}", f"-max_len={most(target)}",
               "-len_control=0", "-print_final_stats=1", "-rss_limit_mb=4096", f"-artifact_prefix={FUZZ / target}/"]
    return [FUZZ / "bin" / target, *options, *first_inputs(target, seed)], {}


def program(target, seed, seconds):
    (FUZZ / target).mkdir(parents=True, exist_ok=True)
    return [HERE / f"{target}.py"], {"FUZZ_SEED": str(seed), "FUZZ_SECONDS": str(seconds)}


def run(target, seed, seconds):
    """True: nothing was found."""
    make = program if (HERE / f"{target}.py").exists() else compiled
    command, environment = make(target, seed, seconds)
    before = set((FUZZ / target).glob("*-*"))
    say(f"{target}: begins, seed {seed}, {seconds} s")
    log, cases, reach = [], "?", "?"
    with subprocess.Popen(NICE + [str(c) for c in command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", env=dict(os.environ, **environment)) as process:
        shown = 0
        for line in process.stdout:
            log.append(line)
            status = STATUS.match(line)
            if status:
                cases, reach = status.groups()
                if int(cases) >= 2 * shown and int(cases) > 1000:
                    shown = int(cases)
                    say(f"{target}: {cases} cases, {reach} branches reached")
    (FUZZ / target / "log").write_text("".join(log))
    if process.returncode == 0:
        executed = re.search(r"number_of_executed_units: (\d+)", "".join(log))
        say(f"{target}: nothing found" + (f" in {executed[1]} cases, {reach} branches reached" if executed else ""))
        return True
    say("".join(f"  | {line}" for line in log[-SHOWN_LINES:]))
    say(f"FAIL {target}, seed {seed}; log: build/fuzz/{target}/log")
    for path in sorted(set((FUZZ / target).glob("*-*")) - before):
        name = path.relative_to(ROOT)
        if make is compiled:
            say(f"to see it again: make build/host/fuzz/{target} && build/host/fuzz/{target} {name}")
        say(f"to keep it as a test: cp -r {name} tests/fuzz/corpus/{target}/NAME")
    return False


def main():
    parser = argparse.ArgumentParser(description="Runs all fuzz targets from new seeds.")
    parser.add_argument("--seconds", type=int, default=60, help="in all")
    parser.add_argument("--seed", type=int, help="as a run before has said it")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    every = sorted(p.stem for p in [*HERE.glob("fuzz_*.c"), *HERE.glob("test_*.py")])
    targets = options.targets or every
    if not set(targets) <= set(every):
        sys.exit(f"fuzz: targets are {' '.join(every)}")
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(3), "little") + 1
    seconds = max(1, options.seconds * min(CORES, len(targets)) // len(targets))
    say(f"fuzz: {len(targets)} targets, {seconds} s each, {CORES} at a time, seed {seed} (again: SEED={seed})")
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        results = list(pool.map(lambda target: run(target, seed, seconds), targets))
    say(f"fuzz: {results.count(False)} of {len(targets)} targets found something")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
