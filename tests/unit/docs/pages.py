# SPDX-License-Identifier: BSD-2-Clause
"""What README.md and docs/*.md hold for a machine: commands, files of the device server, a guest's session."""
import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
COMMAND = re.compile(r"^(?:\w+=\S+ )*(?:make|echo|python3|(?:tests|tools|build|\.ci)/\S+)(?: |$)")
DEVICE = "docs/device.md"
TESTING = "docs/testing.md"


def paths():
    return ["README.md"] + sorted("docs/" + f for f in os.listdir(os.path.join(ROOT, "docs")) if f.endswith(".md"))


def read(path, root=ROOT):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def commands(text):
    """Commands of the indented blocks; what follows two spaces is a remark."""
    outside = re.sub(r"(?ms)^```.*?^```$", "", text)
    lines = re.findall(r"(?m)^    (\S.*)$", outside)
    return [re.split(r"\s{2,}", line)[0] for line in lines if COMMAND.match(line)]


def inline_targets(text):
    """Targets of `make TARGET` in running text."""
    return re.findall(r"`make ([a-z-]+)[^`]*`", text)


def files(text, name):
    """{path: contents} of the code blocks after a path with NAME in it: the last one before the block."""
    found, at = {}, 0
    for block in re.finditer(r"(?ms)^```\w*\n(.*?)^```$", text):
        paths_before = re.findall(r"`((?:services|tests)/[\w/]*NAME[\w./]*)`", text[at:block.start()])
        if paths_before:
            found[paths_before[-1].replace("NAME", name)] = block[1]
        at = block.end()
    return found


def device_files():
    """The device server, its scenario, and its VM and system files."""
    text = read(DEVICE)
    found = files(text, "scratch")
    device, = re.findall(r"\n```toml\n(.*?)\n```", text, re.S)
    found["configs/vms/mine.toml"] = read("configs/vms/linux.toml") + "\n" + device + "\n"
    found["configs/systems/mine.toml"] = read("configs/systems/default.toml").replace('file = "linux"', 'file = "mine"', 1)
    return found


def session(text):
    """[(command, output)] of the guest's shell."""
    block = re.search(r"\n\n((?:    .*\n)*    guest:/# (?:.*\n)(?:    .*\n)*)", text)[1]
    parts = re.split(r"(?m)^    guest:/# (.*)\n", block)[1:]
    return [(command, re.sub(r"(?m)^    ", "", output)) for command, output in zip(parts[::2], parts[1::2])]


def copy_of_project(directory):
    """The files git knows, and what was built; third-party sources and the Linux guest are only linked."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE).stdout.decode().split("\0")
    for path in filter(None, listed):
        if os.path.isfile(os.path.join(ROOT, path)):
            os.makedirs(os.path.join(directory, os.path.dirname(path)), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, path), os.path.join(directory, path))
    build, there = os.path.join(ROOT, "build"), os.path.join(directory, "build")
    os.mkdir(there)
    for name in ("aarch64", "host", "idl"):
        shutil.copytree(os.path.join(build, name), os.path.join(there, name), symlinks=True)
    shutil.copy2(os.path.join(build, "packages.mk"), there)
    for name in ("deps", "guest"):
        os.symlink(os.path.join(build, name), os.path.join(there, name))


def with_examples(directory):
    """A copy of the project in `directory`, with what the pages write in it."""
    copy_of_project(directory)
    for path, contents in (device_files() | files(read(TESTING), "example")).items():
        path = os.path.join(directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(contents)


def run(command, directory, **options):
    """Not as a part of the make that runs this: its job server is not passed on."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(command, cwd=directory, env=environment, text=True, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
