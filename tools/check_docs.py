# SPDX-License-Identifier: BSD-2-Clause
"""Checks of docs/abi.md against the headers it describes, and of docs/kernel.md against the kernel's loops."""
import re

HEADERS = ("kernel/abi.h", "kernel/arch/aarch64/vcpu_groups.h")
COUNTS = {"CAP_TYPES", "EXIT_CLASSES", "VCPU_GROUPS"}  # how many there are: no names of the interface


def enumerators(text):
    """(enum, name, value) of every enumerator; the value is that of a plain list or of constants."""
    for enum, body in re.findall(r"\benum (\w+) \{(.*?)\};", text, re.S):
        value = -1
        for item in body.split(","):
            match = re.match(r"\s*(\w+)\s*(?:=\s*(.+?))?\s*$", item, re.S)
            if not match:
                continue
            value = eval(match[2], {}) if match[2] else value + 1  # numbers and shifts of our own header
            yield enum, match[1], value


def abi(tree):
    """docs/abi.md has every call, method, error, layout and flag of the ABI's headers"""
    doc = tree.read("docs/abi.md")
    words = set(re.findall(r"\w+", doc))
    problems = []
    for path in HEADERS:
        text = re.sub(r"/\*.*?\*/", "", tree.read(path), flags=re.S)
        names = [name for _, name, _ in enumerators(text)]
        names += re.findall(r"(?m)^#define (\w+)[ (]", text)
        for body in re.findall(r"struct (?:message_buffer|boot_record|boot_region) \{(.*?)\n\};", text, re.S):
            names += [n for n in re.findall(r"(\w+)(?:\[\w+\])?;", body) if n != "reserved"]
        problems += [f"docs/abi.md: nothing of {name} ({path})" for name in names
                     if name not in words and name not in COUNTS]
        for enum, name, value in enumerators(text):
            if enum == "method" and not re.search(rf"\*\*`{name}`\*\* {value:#x}\b", doc):
                problems.append(f"docs/abi.md: no paragraph **`{name}`** {value:#x}")
            elif enum == "status" and f"| `{name}` | {value} |" not in doc:
                problems.append(f"docs/abi.md: the table of statuses has not {name}, {value}")
            elif enum == "call" and f"| {value} | `{name}` |" not in doc:
                problems.append(f"docs/abi.md: the table of calls has not {name}, {value}")
        version = re.search(r"#define ABI_VERSION (\d+)", text)
        if version and not doc.count(f"\n| {version[1]} | ") or version and f"Version {version[1]} (" not in doc:
            problems.append(f"docs/abi.md: is not about version {version[1]}, or the change log has not got it")
    return problems


LOOP = re.compile(r"\b(?:for|while) \(|\bfor_each_\w+\(")


def loops_of(text):
    """{function: loops in it} of a C file as clang-format leaves it; `do { } while (0)` is none."""
    found, function = {}, None
    for line in re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S).splitlines():
        header = re.match(r"[A-Za-z].*?\b(\w+)\((?!\()", line)
        if header and not line.endswith(";"):
            function = header[1]
        if not re.match(r"#define|.*\} while \(0\)", line):
            count = len(LOOP.findall(line))
            if count:
                found[function] = found.get(function, 0) + count
    return found


def loops(tree):
    """docs/kernel.md lists every loop of the kernel that runs after boot, with its bound"""
    rows = re.findall(r"(?m)^\| `(kernel/[\w./]+)`:`(\w+)` \| (\d+) \|", tree.read("docs/kernel.md"))
    listed = {(path, function): int(count) for path, function, count in rows}
    found = {}
    for path in tree.c_sources:
        if path.startswith("kernel/") and "/boot" not in path and not path.endswith("asm_defs.c"):
            found.update({(path, function): count for function, count in loops_of(tree.read(path)).items()})
    return [f"{path}: {function} has {found.get((path, function), 0)} loops, "
            f"docs/kernel.md lists {listed.get((path, function), 0)}"
            for path, function in sorted({*found, *listed})
            if found.get((path, function)) != listed.get((path, function))]
