#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The errors of docs/abi.md against those that the kernel's unit tests saw, in both directions.

The tests write down what the kernel returned (tests/unit/lib/statuses.c). Each error that the page lists for a call
or a method must have been seen by a test, which is named; what a random test comes by does not count. And no test,
random or not, may have seen one that the page does not list there.
"""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pages  # noqa: E402

UNIT = os.path.join(pages.ROOT, "build", "host", "unit")
TEST = re.compile(r'#include "(user|fuzz_calls|running)\.h"')
failed = 0


def case(name, problem=None):
    global failed
    failed += bool(problem)
    print(f"{'FAIL' if problem else 'ok'} {name}")
    if problem:
        print("  " + problem)


def enum(text, name):
    """{name: number}, numbered from 0 where the text does not say."""
    body = re.sub(r"/\*.*?\*/", "", re.search(rf"enum {name} \{{(.*?)\n\}};", text, re.S)[1], flags=re.S)
    found, following = {}, 0
    for key, value in re.findall(r"(\w+)(?:\s*=\s*(-?\w+))?\s*,", body):
        found[key] = int(value, 0) if value else following
        following = found[key] + 1
    return found


class Page:
    """What docs/abi.md says of errors."""

    def __init__(self, abi, text):
        self.statuses = enum(abi, "status")
        self.anchors = {heading.lower().replace(" ", "-"): body
                        for heading, body in re.findall(r"(?ms)^### (.*?)\n(.*?)(?=^##|\Z)", text)}
        self.paragraphs, self.objects = {}, {}
        for heading, body in re.findall(r"(?ms)^### (CALL_.*?)\n(.*?)(?=^##)", text):
            for name in heading.split(", "):
                self.paragraphs[name] = body
        for heading, body in re.findall(r"(?ms)^### (\w+)\n(.*?)(?=^##)", text):
            intro, *parts = re.split(r"(?m)^(?=\*\*`)", body)
            common = "".join(f"- `{s}`\n" for s in re.findall(r"For all methods `(\w+)`", intro))
            for part in parts:
                items = re.search(r"(?ms)^- .*?(?=\n\n|\Z)", part)  # what follows is no error of this one
                part = part[:items.end()] if items else part
                for name in re.findall(r"\*\*`(\w+)`\*\*", part):
                    self.paragraphs[name] = common + part
                    self.objects[name] = heading.lower()
        table = text.split("What `CALL_INVOKE` needs for every method", 1)[1].split("\n\nSo ", 1)[0]
        self.rights = {name: needs for names, needs in re.findall(r"(?m)^\| ([a-z, ]+) \| (.*) \|$", table)
                       for name in names.split(", ") if name != "object"}

    def listed(self, name, text=None):
        """Errors with a reason: at the start of an item or of a sentence in one."""
        text = self.paragraphs[name] if text is None else text
        found = set()
        for item in re.findall(r"(?m)^- (.*(?:\n  .*)*)", text):
            for status, only in re.findall(r"(?:^|\. |; |, |: )`(\w+)`(?: \(`(CALL_\w+)`\))?", item):
                if status in self.statuses and only in ("", name):
                    found.add(status)
            for anchor in re.findall(r"^those of \[.*?\]\(#([\w-]+)\)", item):
                found |= self.listed(name, self.anchors[anchor])
        for other in re.findall(r"(?:Errors|Else) as `(\w+)`", text):
            found |= self.listed(other)
        return found

    def silent(self, name):
        """It says neither which errors there are nor that there are none."""
        text = self.paragraphs[name]
        return not self.listed(name) and not re.search(r"No errors|Always `OK`|with `OK`", text)

    def needs_right(self, method):
        """Every method of its object needs one; None: this page says which do, and it does not."""
        needs = self.rights[self.objects[method]]
        return needs != "none" and f"none for `{method}`" not in needs


def run_tests(directory):
    """{(call, type, method): {status: {test: whether it is a directed one}}}"""
    path = os.path.join(directory, "statuses")
    for name in sorted(os.listdir(UNIT)):
        source = os.path.join(pages.ROOT, "tests", "unit", name + ".c")
        if os.path.isfile(source) and TEST.search(pages.read(source)):
            result = pages.run(f"TEST_STATUSES={path} {os.path.join(UNIT, name)}", pages.ROOT, shell=True)
            if result.returncode:
                case(name, result.stdout)
    seen = {}
    for line in pages.read(path).splitlines():
        call, kind, method, status, test, how = line.split()
        tests = seen.setdefault((int(call), int(kind), int(method)), {}).setdefault(int(status), {})
        tests[test] = how == "directed"
    return seen


def compare(name, seen, must, may, names):
    """`seen`: {status: tests}; `must` have been seen, `may` have been, too."""
    for status in sorted(must):
        tests = sorted(t for t, directed in seen.get(status, {}).items() if directed)
        case(f"{name}: {names[status]}" + (f": {tests[0]}" if tests else ""),
             None if tests else "docs/abi.md lists it, and no test saw it")
    for status in sorted(set(seen) - set(must) - set(may)):
        case(f"{name}: {names[status]}", f"{sorted(seen[status])[0]} saw it, and docs/abi.md does not list it")


def merged(entries):
    out = {}
    for statuses in entries:
        for status, tests in statuses.items():
            out.setdefault(status, {}).update(tests)
    return out


def check_calls(page, seen, calls, names):
    numbers = page.statuses
    for name, number in calls.items():
        if name != "CALL_INVOKE":
            of_call = merged(s for (call, _, _), s in seen.items() if call == number)
            compare(name, of_call, {numbers[s] for s in page.listed(name)}, {numbers["OK"]}, names)
    unknown = merged(s for (call, _, _), s in seen.items() if call not in calls.values())
    compare("a call without a name", unknown, {numbers["BAD_CALL"]}, (), names)


def check_methods(page, seen, invoke, types, methods, names):
    numbers = page.statuses
    # Methods are numbered by object, in the order of types without reply and signal.
    objects = [t for t in types if t not in ("CAP_EMPTY", "CAP_REPLY", "CAP_SIGNAL")]
    type_of = {name: types[objects[(number >> 8) - 1]] for name, number in methods.items()}
    with_methods = set(type_of.values())
    own = {(type_of[name], number) for name, number in methods.items()}
    for name, number in methods.items():
        right = page.needs_right(name)
        each = page.objects[name] in ("line", "core")  # the right depends on the method
        must = page.listed(name) | ({"NO_RIGHT"} if right and each else set())
        may = {"OK"} | ({"NO_RIGHT"} if right else set())
        compare(name, seen.get((invoke, type_of[name], number), {}), {numbers[s] for s in must},
                {numbers[s] for s in may}, names)
    for kind, number in types.items():
        if kind == "CAP_TYPES":
            continue
        heading = kind[4:].lower()
        others = merged(s for (call, t, m), s in seen.items()
                        if call == invoke and t == number and (t, m) not in own)
        every = merged(s for (call, t, _), s in seen.items() if call == invoke and t == number)
        if number not in with_methods:
            compare(f"CALL_INVOKE of {heading}", others, {numbers["BAD_CAP"]}, (), names)
            continue
        before = {numbers["NO_RIGHT"]} if page.rights[heading] != "none" else set()
        before |= {numbers["BAD_ARGUMENT"]} if kind == "CAP_CSPACE" else set()
        compare(f"CALL_INVOKE of {heading}", others, {numbers["BAD_METHOD"]}, before, names)
        if page.rights[heading] != "none":
            compare(f"CALL_INVOKE of {heading}", every, {numbers["NO_RIGHT"]}, set(every), names)


def main():
    abi = pages.read("kernel/abi.h")
    page = Page(abi, pages.read("docs/abi.md"))
    calls, methods, types = enum(abi, "call"), enum(abi, "method"), enum(abi, "cap_type")
    names = {number: name for name, number in page.statuses.items()}
    for name in list(calls) + list(methods):
        problem = "docs/abi.md has no paragraph of it" if name not in page.paragraphs else \
            "docs/abi.md says nothing of its errors" if page.silent(name) else None
        case(f"docs/abi.md: {name}", problem)
    if failed:
        sys.exit(1)
    with tempfile.TemporaryDirectory() as directory:
        seen = run_tests(directory)
    check_calls(page, seen, calls, names)
    check_methods(page, seen, calls["CALL_INVOKE"], types, methods, names)
    sys.exit(1 if failed else 0)


main()
