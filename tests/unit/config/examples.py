# SPDX-License-Identifier: BSD-2-Clause
"""axvisor's example files: each is refused for what its line says, and what is mended is accepted (tests/qemu boots it)."""
import os
import shutil
import sys
import tempfile

import fixture
from skerryc.compile import compile_system
from skerryc.source import ConfigError

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(TOP, "tests", "axvisor"))
import verdicts  # noqa: E402

IMAGES = ("build/guest/Image", "build/guest/initramfs.cpio.gz", "build/axvisor/linux-qemu_gicv3.dtb",
          "build/axvisor/linux-qemu_gicv3-b.dtb", "build/axvisor/linux-a1000.dtb")


def write(directory, name, data):
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return path


def same(value, expected):
    if value != expected:
        raise AssertionError(f"is {value!r}, expected {expected!r}")


def keys(text):
    """Without comments: they say what a file is."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def verdict(directory, texts):
    """None: it is accepted."""
    for name, text in texts.items():
        write(directory, f"configs/{name}.toml", text.encode())
    try:
        compile_system(os.path.join(directory, "configs", "system.toml"), directory)
    except ConfigError as e:
        return str(e)
    return None


def example(case):
    def test(top):
        with tempfile.TemporaryDirectory() as directory:
            for part in ("configs", "idl"):
                shutil.copytree(os.path.join(top, part), os.path.join(directory, part))
            for name in IMAGES:
                write(directory, name, fixture.KERNEL)
            texts = {"vm": case.text(), "system": case.system}
            for where, message, which, old, new in case.steps:
                lines = texts[which].splitlines()
                line = next(i for i, line in enumerate(lines, 1) if where in line)
                now = dict(texts, system=texts["system"].replace("FILE", "vm.toml"))
                same(verdict(directory, now), f"configs/{which}.toml:{line}: {message}")
                same(texts[which].count(old), 1)
                texts[which] = texts[which].replace(old, new)
            same(keys(texts["vm"]), keys(case.text(mended=True)))
            same(verdict(directory, dict(texts, system=texts["system"].replace("FILE", "vm.toml"))), None)
    return test


TESTS = {f"axvisor's {case.name}": example(case) for case in verdicts.CASES}
