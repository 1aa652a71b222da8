#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make check: what can be known without running anything.

    check.py [NAME ...]      all checks, or those named

One line per check, with what is wrong below it; the last line is `N passed, N failed`. clang-tidy
looks only at files that, with all they include, changed since it last found them good.
"""
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_docs  # noqa: E402
import check_structure  # noqa: E402
from check_tree import Tree  # noqa: E402

JOBS = os.cpu_count() or 2


def run(command, **options):
    return subprocess.run(command, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)


def in_parallel(function, items):
    """All problems that function(item) lists, in the order of the items."""
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return [problem for result in pool.map(function, items) for problem in result]


def check_format(tree):
    """C is as clang-format writes it"""
    files = tree.c_files

    def one(batch):
        result = run(["clang-format", "--dry-run", "-Werror", *batch])
        lines = re.findall(r"(?m)^(\S+:\d+):\d+: error: code should be clang-formatted", result.stdout)
        if not lines and result.returncode:
            return [result.stdout.strip()]
        first = {}
        for line in lines:
            first.setdefault(line.split(":")[0], line)
        return [f"{line}: run clang-format -i on it" for line in first.values()]

    return in_parallel(one, [files[i:i + 20] for i in range(0, len(files), 20)])


def check_tidy(tree):
    """clang-tidy finds nothing (.clang-tidy says what is looked for)"""
    done = "build/check/tidy"
    os.makedirs(done, exist_ok=True)
    version = run(["clang-tidy", "--version"]).stdout + tree.read(".clang-tidy")

    def one(path):
        flags = tree.clang_flags(path)
        key = hashlib.sha256("\0".join([version, " ".join(flags), *tree.closure(path)]).encode())
        stamp = os.path.join(done, key.hexdigest())
        if os.path.exists(stamp):
            return []
        result = run(["clang-tidy", "--quiet", path, "--", *flags])
        if result.returncode == 0:
            open(stamp, "w", encoding="utf-8").close()
            return []
        return [line.replace(tree.root + "/", "") for line in result.stdout.splitlines()
                if re.search(r": (error|warning): ", line)] or [f"{path}: {result.stdout.strip()}"]

    return sorted(set(in_parallel(one, tree.c_sources)))


def check_cppcheck(tree):
    """cppcheck finds nothing"""
    os.makedirs("build/check/cppcheck", exist_ok=True)
    problems = []
    for group, paths in tree.groups(tree.c_sources).items():
        includes = [f for f in tree.flags(group) if f.startswith(("-I", "-D"))]
        build = f"build/check/cppcheck/{group}"
        os.makedirs(build, exist_ok=True)
        result = run(["cppcheck", "--quiet", f"-j{JOBS}", f"--cppcheck-build-dir={build}", "--std=c11",
                      "--platform=unix64", "--enable=warning,performance,portability",
                      "--inline-suppr", "--suppress=*:build/*", "--error-exitcode=1",
                      "--template={file}:{line}: {severity}: {message} [{id}]", *includes, *paths])
        if result.returncode:
            problems += [line for line in result.stdout.splitlines() if re.match(r"\S+:\d+: ", line)] \
                or [result.stdout.strip()]
    return problems


def check_headers(tree):
    """every header compiles on its own, and twice"""

    def one(path):
        text = f'#include "{path}"\n#include "{path}"\n'
        result = run([*tree.compiler(path), "-Wall", "-Wextra", "-Werror", *tree.path_flags(path),
                      "-fsyntax-only", "-x", "c", "-"], input=text)
        if result.returncode == 0:
            return []
        errors = re.findall(r"(?m)^\S+:\d+.*error: .*$", result.stdout)
        return [f"{path}: " + (errors[0] if errors else result.stdout.strip())]

    return in_parallel(one, tree.c_headers)


CHECKS = {
    "format": check_format,
    "sizes": check_structure.sizes,
    "license": check_structure.license_lines,
    "notes": check_structure.personal_notes,
    "paths": check_structure.machine_paths,
    "names": check_structure.unique_names,
    "archleaks": check_structure.arch_leaks,
    "archport": check_structure.arch_ports,
    "cycles": check_structure.include_cycles,
    "tour": check_structure.tour,
    "abi": check_docs.abi,
    "loops": check_docs.loops,
    "headers": check_headers,
    "cppcheck": check_cppcheck,
    "tidy": check_tidy,
}


def main(names):
    unknown = [n for n in names if n not in CHECKS]
    if unknown:
        sys.exit(f"check: no check {' '.join(unknown)}; there are {' '.join(CHECKS)}")
    tree = Tree()
    failed = 0
    chosen = names or list(CHECKS)
    for name in chosen:
        start = time.monotonic()
        problems = CHECKS[name](tree)
        warnings = [p for p in problems if p.startswith("warning: ")]
        errors = [p for p in problems if not p.startswith("warning: ")]
        failed += bool(errors)
        state = f"FAIL, {len(errors)} found" if errors else "ok"
        print(f"check {name:10} {state:15} {CHECKS[name].__doc__} "
              f"({time.monotonic() - start:.1f} s)", flush=True)
        for problem in errors + warnings:
            print(f"    {problem}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
