# SPDX-License-Identifier: BSD-2-Clause
"""Files that are right but for some random edits: each is accepted, or refused with one ConfigError."""
import os
import random
import re
import tempfile

import fixture

ROUNDS = int(os.environ.get("TEST_ROUNDS", 1500))
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
FORM = re.compile(r"configs/\w+/\w+\.toml:\d+: ")


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


def accepted(directory):
    """False: refused, as it should be."""
    from skerryc.compile import compile_system
    from skerryc.source import ConfigError
    try:
        compile_system("s", directory)
    except ConfigError as e:
        if not FORM.match(str(e)):
            raise AssertionError(f"no file, line and text: {e}") from None
        return False
    return True


def only_config_errors(top):
    rng, counts = random.Random(1), [0, 0]
    with tempfile.TemporaryDirectory() as directory:
        project = fixture.Project(directory, os.path.join(top, "idl"))
        for i in range(ROUNDS):
            for path, text in fixture.TEXTS.values():
                for _ in range(rng.choice((0, 0, 1, 1, 4))):
                    text = edit(rng, text)
                raw = text.encode()
                if rng.random() < 0.02:
                    raw += b"\xff"
                project.write(path, raw)
            try:
                counts[accepted(directory)] += 1
            except Exception as e:
                raise AssertionError(f"round {i}: {type(e).__name__}: {str(e)[:200]}") from e
    if min(counts) < ROUNDS // 50:
        raise AssertionError(f"refused and accepted: {counts}; the edits are too wild or too tame")


TESTS = {"random edits: only errors that say file, line and what to do": only_config_errors}
