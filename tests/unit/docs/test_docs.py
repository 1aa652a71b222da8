#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The commands of README.md and docs/*.md, in a copy of the project that has docs/device.md's server in it.

What takes seconds is run and must succeed. Of what boots QEMU, or runs whole suites, all that is named must
exist: targets, variables, systems, files, and the words given to a test program.
"""
import os
import re
import shlex
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pages  # noqa: E402

LONG_TARGETS = {"run", "image", "test", "test-long", "fuzz", "fuzz-coverage", "bench", "check", "clean", "distclean", "deps"}
LONG_PROGRAMS = ("tests/qemu/", "tests/long/", ".ci/", "tests/unit/")
LINK = re.compile(r"\[[^\]]*\]\(([^)#:]*)(?:#([^)]*))?\)")
failed = 0


def case(name, problem):
    global failed
    print(f"{'FAIL' if problem else 'ok'} {name}")
    if problem:
        failed += 1
        print("  " + problem.rstrip().replace("\n", "\n  "))


def makefiles():
    own = [os.path.relpath(os.path.join(d, f), pages.ROOT) for top in ("tests", "bench")
           for d, _, names in os.walk(os.path.join(pages.ROOT, top)) for f in names if f.endswith(".mk")]
    return "\n".join(pages.read(path) for path in ["Makefile"] + own)


def make_targets(makefile):
    return set(re.findall(r"(?m)^([a-z-]+):[^=]", makefile))


def check_make(words, directory):
    """A make that is not run: dry, and with variables that mean something."""
    makefile = makefiles()
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if equals and not re.search(rf"\$\({key}\)|^export .*\b{key}\b|^{key} \?=", makefile, re.M):
            return f"the Makefile knows no {key}"
        if key == "CONFIG":
            result = pages.run([sys.executable, "tools/skerryc", value, "--programs"], directory)
            if result.returncode:
                return result.stdout
        if not equals and key not in make_targets(makefile) and not os.path.exists(os.path.join(directory, key)):
            return f"the Makefile has no target {key}"
    result = pages.run(["make", "-n", *words[1:]], directory)
    return result.stdout[-2000:] if result.returncode else ""


def check_program(words, directory):
    """A program that is not run: it is there, and its arguments are words of it."""
    path = os.path.join(directory, words[0])
    if not os.path.isfile(path) or not words[0].startswith("tests/unit/") and not os.access(path, os.X_OK):
        return f"{words[0]} is no program"
    text = pages.read(words[0], directory)
    unknown = [w for w in words[1:] if w not in text and not os.path.exists(os.path.join(directory, w))]
    return f"{words[0]} knows nothing of {' '.join(unknown)}" if unknown else ""


def check(command, directory):
    if "|" in command:
        return check(command.split("|")[-1].strip(), directory)
    words = shlex.split(command)
    while "=" in words[0]:
        words.pop(0)
    if words[0] == "make" and (len(words) == 1 or LONG_TARGETS & set(words)):
        return check_make(words, directory)
    program = words[1:] if words[0] == "python3" else words
    suite = program[0] == "tests/run.py" and "--only" not in words or program == ["tests/ipc/run.py"]
    if program[0].startswith(LONG_PROGRAMS) or suite:
        return check_program(program, directory)
    command = re.sub(r"^(python3|(tests|tools)/\S+\.py)\b", lambda m: sys.executable if m[1] == "python3"
                     else f"{sys.executable} {m[1]}", command)
    result = pages.run(command, directory, shell=True)
    return f"status {result.returncode}\n{result.stdout[-3000:]}" if result.returncode else ""


def anchors(text):
    """What GitHub makes of headings."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"(?m)^#+ (.*)$", text)}


def links(page):
    problems = []
    for target, anchor in LINK.findall(pages.read(page)):
        path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
        if not os.path.exists(os.path.join(pages.ROOT, path)):
            problems.append(f"there is no {path}")
        elif anchor and anchor not in anchors(pages.read(path)):
            problems.append(f"{path} has no heading #{anchor}")
    return "\n".join(problems)


def device_server(directory):
    """Built without a warning, for the machine too; its scenario is run with the page's commands."""
    result = pages.run(["make", "ipc", "build/aarch64/services/scratch.elf"], directory)
    return result.stdout[-3000:] if result.returncode else ""


def messages(directory):
    """What docs/idl.md says that its example becomes is in what the compiler makes of it."""
    text = pages.read("docs/idl.md")
    idl, out = os.path.join(directory, "idl"), os.path.join(directory, "out")
    with open(os.path.join(idl, "clock.proto"), "w", encoding="utf-8") as f:
        f.write(re.search(r"(?ms)^```proto\n(.*?)^```$", text)[1])
    os.mkdir(out)
    made = pages.run(["protoc", f"-I{idl}", "--plugin=protoc-gen-skerry=tools/protoc-gen-skerry", f"--skerry_out={out}",
                      f"--skerry_opt={idl}", os.path.join(idl, "clock.proto")], directory)
    os.remove(os.path.join(idl, "clock.proto"))
    generated = " ".join(" ".join(pages.read(f, out).split()) for f in sorted(os.listdir(out)))
    shown = re.sub(r"/\*.*?\*/", "", "".join(re.findall(r"(?ms)^```c\n(.*?)^```$", text)))
    lines = [" ".join(line.split()).removesuffix(";") for line in shown.splitlines()]
    missing = [line for line in lines if line and "…" not in line and line not in generated]
    return made.stdout + "\n".join(missing)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-docs-") as directory:
        pages.with_examples(directory)
        case("docs/device.md: the server builds", device_server(directory))
        case("docs/idl.md: its example becomes what it shows", messages(directory))
        # What pages call by an invented name.
        shutil.copy(os.path.join(pages.ROOT, "build", "aarch64", "guests", "selftest.bin"), os.path.join(directory, "X.bin"))
        makefile = makefiles()
        done = set()
        for page in pages.paths():
            text = pages.read(page)
            case(f"{page}: its links lead somewhere", links(page))
            unknown = set(pages.inline_targets(text)) - make_targets(makefile)
            case(f"{page}: its targets of make are there", ", ".join(sorted(unknown)))
            for command in pages.commands(text):
                if command not in done:
                    case(f"{page}: {command}", check(command, directory))
                done.add(command)
        case("the pages have commands", "" if len(done) > 15 else f"only {len(done)} were found")
    sys.exit(1 if failed else 0)


main()
