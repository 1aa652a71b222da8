# SPDX-License-Identifier: BSD-2-Clause
"""Checks of the repository's shape: sizes, names, borders between parts, documents.

Each takes the Tree and lists what is wrong; an entry that begins with "warning: " does not fail.
"""
import glob
import os
import re

FILE_AIM, FILE_LIMIT = 400, 500
FUNCTION_LIMIT = 60
KERNEL_LIMIT, ARCH_LIMIT, BOOT_LIMIT = 4500, 4500, 1500
SOURCE = (".c", ".h", ".S", ".py", ".sh", ".lds", ".proto")


def lines_of(tree, paths):
    return sum(tree.read(p).count("\n") for p in paths)


def sizes(tree):
    """files, functions and the kernel are within their sizes"""
    problems = []
    for path in tree.files:
        if not path.endswith(SOURCE) and path != "Makefile":
            continue
        lines = tree.read(path).count("\n")
        if lines > FILE_LIMIT:
            problems.append(f"{path}: {lines} lines, the limit is {FILE_LIMIT}")
        elif lines > FILE_AIM:
            problems.append(f"warning: {path}: {lines} lines, {FILE_AIM} is the aim")
    for path in tree.c_files:
        start = 0
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if line.startswith("{"):
                start = number
            elif line.startswith("}") and start:
                if number - start - 1 > FUNCTION_LIMIT:
                    problems.append(f"{path}:{start}: function of {number - start - 1} lines, "
                                    f"the limit is {FUNCTION_LIMIT}")
                start = 0
    kernel = [f for f in tree.files if re.fullmatch(r"kernel/[^/]+\.(c|h|S)", f)]
    if lines_of(tree, kernel) > KERNEL_LIMIT:
        problems.append(f"kernel/: {lines_of(tree, kernel)} lines, the limit is {KERNEL_LIMIT}")
    boot = [f for f in tree.files if f.startswith("boot/")]
    if lines_of(tree, boot) > BOOT_LIMIT:
        problems.append(f"boot/: {lines_of(tree, boot)} lines, the limit is {BOOT_LIMIT}")
    for arch in sorted({f.split("/")[2] for f in tree.files if re.match(r"kernel/arch/[^/]+/", f)}):
        own = [f for f in tree.files if re.match(rf"kernel/arch/{arch}/[^/]+$", f)]
        # A kernel is linked with one of the folders below.
        for variant in sorted({f.split("/")[3] for f in tree.files if re.match(rf"kernel/arch/{arch}/[^/]+/", f)}):
            linked = lines_of(tree, own + [f for f in tree.files if f.startswith(f"kernel/arch/{arch}/{variant}/")])
            if linked > ARCH_LIMIT:
                problems.append(f"kernel/arch/{arch}/ with {variant}/: {linked} lines, the limit is {ARCH_LIMIT}")
    return problems


def license_lines(tree):
    """every source begins with its SPDX line"""
    problems = []
    for path in tree.files:
        first = tree.read(path).split("\n", 2)[:2] if path.endswith(SOURCE) else None
        if first and "SPDX-License-Identifier: BSD-2-Clause" not in "".join(
                first if first[0].startswith("#!") else first[:1]):
            problems.append(f"{path}: no SPDX line at the top")
    return problems


def personal_notes(tree):
    """no notes of things still to do"""
    # In two halves, so that this file is not found.
    words = "|".join(a + b for a, b in (("TO", "DO"), ("FIX", "ME"), ("X", "XX"), ("HA", "CK")))
    return search(tree, rf"\b({words})\b", "a note of something to do")


def machine_paths(tree):
    """no path of one particular machine"""
    return search(tree, r"(?<![\w.$}/])/(home|root|Users|wo" + r"rk|mnt/\w+/\w+)/", "a path of one machine")


def search(tree, pattern, what):
    problems = []
    for path in tree.files:
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if re.search(pattern, line):
                problems.append(f"{path}:{number}: {what}: {line.strip()[:60]}")
    return problems


def unique_names(tree):
    """a C file's name is its own, outside the arch directories"""
    seen, problems = {}, []
    for path in tree.c_files:
        name = os.path.basename(path)
        # main.c is where a program begins, in each of them.
        if "/arch/" in path or path.startswith("services/lib/musl/") or name == "main.c":
            continue
        if name in seen:
            problems.append(f"{path}: {seen[name]} has the same name")
        seen.setdefault(name, path)
    return problems


def arch_leaks(tree):
    """generic code knows no architecture"""
    machine = r"(aarch64|AARCH64|__arm|riscv|RISCV|x86|X86|amd64|i386)"
    problems = []
    for path in tree.c_files:
        if "/arch/" in path or not path.startswith(("kernel/", "services/")):
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if re.match(rf"\s*#\s*(if|ifdef|ifndef|elif)\b.*{machine}", line):
                problems.append(f"{path}:{number}: conditional on an architecture")
            elif re.match(rf'\s*#\s*include\s+".*\barch/{machine}', line):
                problems.append(f"{path}:{number}: includes a file of one architecture")
            elif path.startswith("kernel/") and re.search(r'\b(__asm__|asm)\b[^"]*\("[^"]', line):
                problems.append(f"{path}:{number}: assembler in the generic kernel")
    return problems


def arch_ports(tree):
    """every function of kernel/arch.h is in each port and in the tests' fake one"""
    if not os.path.exists("kernel/arch.h"):
        return []
    text = re.sub(r"/\*.*?\*/", "", tree.read("kernel/arch.h"), flags=re.S)
    names = re.findall(r"(?m)^(?!static|#|\s)[^;{}()#]*?\b(arch_\w+)\([^;{}]*\);", text)
    problems = []
    for port in sorted(glob.glob("kernel/arch/*/")) + ["tests/unit/arch/"]:
        own = [f for f in tree.files if f.startswith(port) and f.endswith((".c", ".h", ".S"))]
        c = re.sub(r"/\*.*?\*/", "", "\n".join(tree.read(f) for f in own if not f.endswith(".S")), flags=re.S)
        assembler = "\n".join(tree.read(f) for f in own if f.endswith(".S"))
        for name in names:
            if not re.search(rf"(?m)^[A-Za-z_][^;{{}}#]*\b{name}\([^;{{]*\)\s*\n?\{{", c) and \
                    not re.search(rf"(?m)^\s*(\w+\(|\w+\s+)?{name}\b\)?:?\s*$", assembler):
                problems.append(f"{port}: no {name}()")
    return problems


def include_cycles(tree):
    """headers include each other in one direction"""
    problems, state, stack = [], {}, []

    def visit(path):
        state[path] = "open"
        stack.append(path)
        for included in tree.includes(path):
            if included.startswith("build/"):
                continue
            if state.get(included) == "open":
                problems.append(" -> ".join(stack[stack.index(included):] + [included]))
            elif included not in state:
                visit(included)
        stack.pop()
        state[path] = "done"

    for path in tree.c_headers:
        if path not in state:
            visit(path)
    return problems


def line_of(text, match):
    return text.count("\n", 0, match.start()) + 1


def tour(tree):
    """files and functions that README and docs name exist"""
    problems = []
    tops = "|".join(sorted({f.split("/")[0] for f in tree.files if "/" in f}))
    for path in [f for f in tree.files if f.endswith(".md")]:
        text = tree.read(path)
        for match in re.finditer(r"`([\w./-]+\.\w+)`:`(\w+)(?:\(\))?`", text):
            name, symbol = match.groups()
            where = f"{path}:{line_of(text, match)}"
            if not os.path.isfile(name):
                problems.append(f"{where}: there is no {name}")
            elif not re.search(rf"\b{symbol}\b", tree.read(name)):
                problems.append(f"{where}: {name} has no {symbol}")
        for match in re.finditer(rf"`((?:{tops})/[\w./-]*)`", text):
            placeholder = re.search(r"[/_](FILE|NAME|ARCH)\b", match[1])
            if not os.path.exists(match[1]) and not placeholder:
                where = f"{path}:{line_of(text, match)}"
                problems.append(f"{where}: there is no {match[1]}")
    return sorted(set(problems))
