#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Configurations that are right but for some random edits: each is accepted, or refused with one ConfigError.

    test_toml.py            those of tests/unit/config/fixture.py and of configs/, the same in every run
    test_toml.py FOLDER     one that was kept

FUZZ_SEED=n is another seed, FUZZ_SECONDS=n goes on for that long, TEST_ROUNDS=n takes n times as many. Folders of
tests/fuzz/corpus/test_toml are taken first. What fails is kept in build/fuzz/test_toml/.
"""
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../.."))
sys.dont_write_bytecode = True
sys.path[0:0] = [os.path.join(TOP, "tests", "unit", "config"), os.path.join(TOP, "tools")]
import fixture  # noqa: E402

ROUNDS = 3000 * int(os.environ.get("TEST_ROUNDS", 1))
SECONDS = int(os.environ.get("FUZZ_SECONDS", 0))
SEED = int(os.environ.get("FUZZ_SEED", 1))
KEPT = os.path.join(TOP, "build", "fuzz", "test_toml")
PIECES = ["[", "]", "[[", "]]", "{", "}", '"', "'", '"""', "=", ".", ",", "#", "\n", "\\", "\0", "\u00e9"]
VALUES = [
    "-1", "0", "1", "8", "4096", "0x8000_0000", "0xffff_ffff_ffff_f000", "18446744073709551615", "18446744073709551616",
    "1" * 5000, "0x" + "f" * 5000, "1.5", "nan", "true", "1979-05-27", '""', '"x"', '"/"', '"a\\u0000b"', '"kernel.bin"',
    '"Image"', '"packed.bin"', '"memory"', '"pt"', "[]", "[[]]", "{}", "{a = 1}", "[1]", "[0, 1]", "[3, 1]", '["x"]',
    '[["/"]]', '[["a", 1, 2, 3, 4]]', '[["a", 0x800_0000, 0x1_0000, 0, 0x21, []]]', "[" * 2000 + "]" * 2000,
    "[[0x8000_0000, 0x100_0000, 7, 0], [0x9000_0000, 0x1000, 7, 0]]", "[[0x8000_0000, 0x100_0000, 7]]",
]
KEYS = """phys_cpu_sets bios_path bios_load_addr dtb_path dtb_load_addr ramdisk_load_addr image_location disk_path
excluded_devices passthrough_addresses vcpu_priority vcpu_budget_us vcpu_period_us restart start first_sector read_only ram
queues doorbell_offset when_off await priority budget_us period_us heap_kib core id name guest cmdline count
trigger enable_bios machine a.a""".split()
FORM = re.compile(r"configs/\w+/[\w-]+\.toml:\d+: ")


def edit(rng, text):
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    if rng.random() < 0.3:
        where = rng.randrange(len(text) + 1)
        return text[:where] + rng.choice(PIECES) + text[where + rng.choice((0, 1, 5)):]
    kind = rng.randrange(4)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(rng.randrange(len(lines)), lines[at])
    elif kind == 2:
        lines.insert(at, f"{rng.choice(KEYS)} = {rng.choice(VALUES)}")
    elif "=" in lines[at]:
        lines[at] = lines[at].split("=")[0] + "= " + rng.choice(VALUES)
    return "\n".join(lines) or "\n"


class Base:
    """A project in a folder, the files of it that are edited, and the system that is compiled."""

    def __init__(self, folder, system, texts):
        self.folder, self.system, self.texts = folder, system, texts

    def write(self, texts):
        for path, raw in texts.items():
            with open(os.path.join(self.folder, path), "wb") as f:
                f.write(raw)

    def accepted(self):
        """False: refused, as it should be."""
        from skerryc.compile import compile_system
        from skerryc.source import ConfigError
        try:
            compile_system(self.system, self.folder)
        except ConfigError as e:
            if not FORM.match(str(e)):
                raise AssertionError(f"no file, line and text: {e}") from None
            return False
        return True


def bases(folder):
    """The fixture, and each example system with its VM files."""
    small = os.path.join(folder, "small")
    os.mkdir(small)
    fixture.Project(small, os.path.join(TOP, "idl"))
    found = [Base(small, "s", {path: text for path, text in fixture.TEXTS.values()})]
    whole = os.path.join(folder, "whole")
    for part in ("configs", "idl"):
        shutil.copytree(os.path.join(TOP, part), os.path.join(whole, part))
    texts = {os.path.relpath(path, whole): open(path, encoding="utf-8").read()
             for path in sorted(glob.glob(os.path.join(whole, "configs", "*", "*.toml")))}
    for image in {name for text in texts.values() for name in re.findall(r'"([\w./-]+/[\w.-]+)"', text)}:
        path = os.path.join(whole, image)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(fixture.KERNEL)
    for path in texts:
        if path.startswith("configs/systems/"):
            vms = [f"configs/vms/{name}.toml" for name in re.findall(r'(?m)^file = "([\w-]+)"', texts[path])]
            found.append(Base(whole, os.path.basename(path)[:-5],
                              {name: texts[name] for name in ["configs/boards/qemu-virt.toml", path, *vms]}))
    return found


def edited(rng, text):
    for _ in range(rng.choice((0, 0, 1, 1, 4))):
        text = edit(rng, text)
    return text.encode() + (b"\xff" if rng.random() < 0.02 else b"")


def keep(base, texts, what):
    """A folder with the texts, and in it the name of the system."""
    os.makedirs(KEPT, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="crash-", dir=KEPT)
    for path, raw in texts.items():
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "wb") as f:
            f.write(raw)
    with open(os.path.join(folder, "system"), "w", encoding="utf-8") as f:
        f.write(base.system)
    print(f"{what}\nto see it again: tests/fuzz/test_toml.py {os.path.relpath(folder, TOP)}")


def replay(known, folder):
    with open(os.path.join(folder, "system"), encoding="utf-8") as f:
        system = f.read().strip()
    base = next(b for b in known if b.system == system)
    texts = {}
    for path in base.texts:
        with open(os.path.join(folder, path), "rb") as f:
            texts[path] = f.read()
    base.write(texts)
    base.accepted()
    base.write({path: text.encode() for path, text in base.texts.items()})


def fuzz(known):
    """True: nothing was found."""
    rng, counts, end = random.Random(SEED), [0, 0], time.monotonic() + SECONDS
    while time.monotonic() < end if SECONDS else sum(counts) < ROUNDS:
        base = rng.choice([known[0], rng.choice(known)])
        texts = {path: edited(rng, text) for path, text in base.texts.items()}
        base.write(texts)
        try:
            counts[base.accepted()] += 1
        except Exception as e:  # pylint: disable=broad-except
            keep(base, texts, f"{type(e).__name__}: {str(e)[:200]}")
            return False
        base.write({path: text.encode() for path, text in base.texts.items()})
    print(f"test_toml: {sum(counts)} cases, {counts[0]} refused")
    return min(counts) >= sum(counts) // 50


def main():
    with tempfile.TemporaryDirectory() as folder:
        # The Python side of idl/, made anew: the build's may not be there yet.
        names = [n for n in os.listdir(os.path.join(TOP, "idl")) if n.endswith(".proto")]
        subprocess.run(["protoc", "-I", os.path.join(TOP, "idl"), f"--python_out={folder}"] + names, check=True)
        sys.path.insert(0, folder)
        known = bases(folder)
        wrong = [base.system for base in known if not base.accepted()]
        if wrong:
            sys.exit(f"FAIL test_toml: refused without an edit: {wrong}")
        for kept in sys.argv[1:] or sorted(glob.glob(os.path.join(HERE, "corpus", "test_toml", "*"))):
            replay(known, kept)
        good = bool(sys.argv[1:]) or fuzz(known)
    print("ok test_toml" if good else "FAIL test_toml")
    return not good


if __name__ == "__main__":
    sys.exit(main())
