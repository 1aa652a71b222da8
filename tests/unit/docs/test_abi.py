#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The errors of docs/abi.md against those that the kernel's unit tests see, in both directions.

A status that a call or method returned must be in its paragraph. An error that a paragraph lists must have been
returned by a test; NOT_SEEN says which cannot be.
"""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pages  # noqa: E402

UNIT = os.path.join(pages.ROOT, "build", "host", "unit")
# Before the method's own: docs/abi.md, CALL_INVOKE and Methods.
ANY_METHOD = {"OK", "BAD_CAP", "NO_RIGHT", "BAD_METHOD"}
NOT_SEEN = {
    "CALL_CALL": {"PEER_DIED", "PEER_RESTARTED"},  # come after the call had blocked: test_reply.c
    "CALL_WAIT": {"AGAIN"},                        # CALL_POLL's, in the same paragraph
    "CALL_POLL": {"BUSY"},                         # CALL_WAIT's
    "CORE_POWER": {"UNSUPPORTED"},                 # the fake machine's firmware always says
}
failed = 0


def case(name, problems):
    global failed
    failed += bool(problems)
    print(f"{'FAIL' if problems else 'ok'} {name}")
    for problem in problems:
        print("  " + problem)


def enum(text, name):
    body = re.sub(r"/\*.*?\*/", "", re.search(rf"enum {name} \{{(.*?)\n\}};", text, re.S)[1], flags=re.S)
    return {int(value, 0): key for key, value in re.findall(r"(\w+) =\s*(-?\w+)", body)}


def paragraphs(doc, calls, methods):
    """{name: its text}; a paragraph of several names is each one's."""
    found = {}
    for heading, text in re.findall(r"(?ms)^### (CALL_.*?)\n(.*?)(?=^##)", doc):
        for name in heading.split(", "):
            found[name] = text
    for section in re.findall(r"(?ms)^### \w+\n(.*?)(?=^##)", doc):
        parts = re.split(r"(?m)^(?=\*\*`)", section)
        for part in parts[1:]:
            for name in re.findall(r"\*\*`(\w+)`\*\*", part):
                found[name] = parts[0] + part
    missing = (set(calls) | set(methods)) - set(found)
    return found, [f"docs/abi.md has no paragraph of {name}" for name in sorted(missing)]


def errors(name, texts, statuses, seen=()):
    """Statuses in the name's paragraph, and in those it refers to."""
    text = texts[name]
    own = {s for s in statuses if re.search(rf"`{s}`", text)}
    for other in re.findall(r"(?:as|of) `(\w+)`", text):
        if other in texts and other != name and other not in seen:
            own |= errors(other, texts, statuses, (*seen, name))
    return own


def listed(text, statuses):
    """Errors with a reason of their own: at the start of an item, or of a sentence in one."""
    items = re.findall(r"(?m)^- (.*(?:\n  .*)*)", text)
    return {s for item in items for s in re.findall(r"(?:^|\. |; |, |: )`(\w+)`", item) if s in statuses}


def run_tests(directory):
    """{(call, method): {status}} of the kernel's unit tests; what the random ones come by proves nothing."""
    path = os.path.join(directory, "statuses")
    for name in sorted(os.listdir(UNIT)):
        source = os.path.join(pages.ROOT, "tests", "unit", name + ".c")
        if os.path.isfile(source) and '#include "user.h"' in pages.read(source):
            result = pages.run(f"TEST_STATUSES={path} {os.path.join(UNIT, name)}", pages.ROOT, shell=True)
            if result.returncode:
                case(name, [result.stdout])
    seen = {}
    for line in pages.read(path).splitlines():
        call, method, status = map(int, line.split())
        seen.setdefault((call, method), set()).add(status)
    return seen


def main():
    abi, doc = pages.read("kernel/abi.h"), pages.read("docs/abi.md")
    statuses, calls, methods = enum(abi, "status"), enum(abi, "call"), enum(abi, "method")
    invoke = next(number for number, name in calls.items() if name == "CALL_INVOKE")
    texts, missing = paragraphs(doc, calls.values(), methods.values())
    case("docs/abi.md: a paragraph for each call and method", missing)
    with tempfile.TemporaryDirectory() as directory:
        seen = run_tests(directory)
    names = {(number, 0): name for number, name in calls.items() if number != invoke}
    names |= {(invoke, number): name for number, name in methods.items()}
    names_of_statuses = set(statuses.values()) - {"OK"}
    for key, name in names.items():
        got = {statuses[s] for s in seen.get(key, ())}
        may = errors(name, texts, names_of_statuses) | (ANY_METHOD if key[0] == invoke else {"OK"})
        problems = [f"returned {s}, which docs/abi.md does not have" for s in sorted(got - may)]
        problems += [f"{s} is in docs/abi.md, and no test saw it"
                     for s in sorted(listed(texts[name], names_of_statuses) - got - NOT_SEEN.get(name, set()))]
        case(f"errors of {name}", problems)
    sys.exit(1 if failed else 0)


main()
