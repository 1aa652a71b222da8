#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fetch what the build takes from Debian: sources to compile, and the guest's packages.

    deps.py musl|nanopb|dtc ...     unpack that source into build/deps/NAME
    deps.py guest                   unpack the guest's kernel and busybox into build/deps/guest
    deps.py guest-full              unpack Debian's full arm64 kernel into build/deps/guest-full
    deps.py uboot                   unpack U-Boot's images into build/deps/uboot
    deps.py trees                   take the boards' device trees out of that kernel's package: build/deps/trees
    deps.py headers                 unpack what modules for that kernel are built with into build/deps/headers

apt does the fetching, in a configuration of its own below build/deps/apt: the machine's package
database, its sources and its foreign architectures stay as they are, and nothing is installed.
The mirrors are the Debian ones this machine already uses (or SKERRY_MIRROR=uri). apt checks
signatures and hashes; the sources are checked once more against the hashes below. A second run
finds everything in place and needs no network.
"""
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEPS = os.path.join(ROOT, "build", "deps")
DOWNLOADS = os.path.join(DEPS, "downloads")
APT = os.path.join(DEPS, "apt")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Every source by the first file that can be had, best first: (name, Debian source package,
# upstream version, suite, file, SHA256).
SOURCES = [
    ("musl", "musl", "1.2.3", "bookworm", "musl_1.2.3.orig.tar.gz",
     "7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4"),
    ("nanopb", "nanopb", "0.4.7", "bookworm", "nanopb_0.4.7.orig.tar.gz",
     "e1d89b166367a3c42d42311bdc2ed57ff78f86aede9a66828516e45490d48c81"),
    # Mirrors are known to list dtc's files without holding them, so there are two versions.
    ("dtc", "device-tree-compiler", "1.7.2", "trixie", "device-tree-compiler_1.7.2.orig.tar.xz",
     "92d8ca769805ae1f176204230438fe52808f4e1c7944053c9eec0e649b237539"),
    ("dtc", "device-tree-compiler", "1.6.1", "bookworm",
     "device-tree-compiler_1.6.1.orig.tar.xz",
     "65cec529893659a49a89740bb362f507a3b94fc8cd791e76a8d6a2b6f3203473"),
]
GUEST_META = "linux-image-cloud-arm64"
GUEST_BUSYBOX = "busybox-static"
FULL_META = "linux-image-arm64"
UBOOT = "u-boot-qemu"
# Device trees that configs/boards describe: (file of the full kernel's package, SHA256).
TREES = [
    ("xilinx/zynqmp-zcu102-rev1.0.dtb", "6d24e5b3f495450f80f2ad03b956097d09e26e1b8124abb3c01044b15e3a1caf"),
]
HEADERS = "/usr/src/linux-headers-"  # as the packages' own makefiles say it


class DepsError(Exception):
    """Something the user has to act on; its text says what to do."""


def say(text):
    print(f"deps: {text}", flush=True)


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def apt_entries():
    """(uri, suites, components, signed-by) of every source this machine's apt has."""
    files = ["/etc/apt/sources.list"]
    for folder, _, names in os.walk("/etc/apt/sources.list.d"):
        files += [os.path.join(folder, n) for n in sorted(names)]
    for path in filter(os.path.isfile, files):
        with open(path, encoding="utf-8", errors="replace") as f:
            text = re.sub(r"(?m)^#.*\n?", "", f.read())
        if path.endswith(".sources"):
            for stanza in re.split(r"\n\s*\n", text):
                field = dict(re.findall(r"(?m)^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza))
                for uri in field.get("URIs", "").split():
                    yield (uri, field.get("Suites", "").split(),
                           field.get("Components", "").split(), field.get("Signed-By", ""))
        elif path.endswith(".list"):
            for m in re.finditer(r"(?m)^deb(?:-src)?\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$",
                                 text):
                signed = re.search(r"signed-by=(\S+)", m[1] or "")
                yield m[2], [m[3]], m[4].split(), signed[1] if signed else ""


def mirrors():
    """The machine's Debian mirrors: (main archive uris, security archive uris)."""
    if os.environ.get("SKERRY_MIRROR"):
        uri = os.environ["SKERRY_MIRROR"].rstrip("/")
        return [uri], [uri + "-security"]
    main, security = [], []
    for uri, suites, components, signed in apt_entries():
        if "main" not in components or (signed and "debian-archive" not in signed):
            continue
        for suite in suites:
            found = security if suite.endswith("-security") else main
            if re.fullmatch(r"(bullseye|bookworm|trixie|forky|sid|stable|testing|oldstable"
                            r"|unstable)(-security)?", suite) and uri not in found:
                found.append(uri)
    if not main:
        raise DepsError("no Debian mirror in /etc/apt: set SKERRY_MIRROR=<uri of a Debian mirror>")
    return main, security


class Apt:
    """apt-get and apt-cache in a configuration of our own; indexes are fetched on first use."""

    def __init__(self):
        self.config = os.path.join(APT, "apt.conf")
        self.ready = os.path.join(APT, "updated")
        # Indexes of an architecture that an earlier version of this file did not read.
        if os.path.exists(self.config):
            with open(self.config, encoding="utf-8") as f:
                if self.architectures() not in f.read():
                    self.forget()

    @staticmethod
    def architectures():
        """The guest's, and this machine's for programs that run in its builds."""
        return 'APT::Architectures { "arm64"; "amd64"; };'

    def run(self, tool, *args, cwd=None):
        env = dict(os.environ, APT_CONFIG=self.config, LC_ALL="C")
        return subprocess.run([tool, *args], env=env, cwd=cwd, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def configure(self):
        if not os.path.exists(KEYRING):
            raise DepsError("no Debian archive keyring: apt-get install debian-archive-keyring")
        main, security = mirrors()
        for sub in ("lists/partial", "cache/archives/partial", "etc/preferences.d"):
            os.makedirs(os.path.join(APT, sub), exist_ok=True)
        lines = []
        for uri in main:
            lines += [f"deb [signed-by={KEYRING}] {uri} bookworm main",
                      f"deb-src [signed-by={KEYRING}] {uri} bookworm main",
                      f"deb-src [signed-by={KEYRING}] {uri} trixie main"]
        lines += [f"deb [signed-by={KEYRING}] {uri} bookworm-security main" for uri in security]
        with open(os.path.join(APT, "sources.list"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        open(os.path.join(APT, "status"), "w", encoding="utf-8").close()
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f'''Dir::Etc::SourceList "{APT}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "{APT}/etc/preferences.d";
Dir::State "{APT}";
Dir::State::Lists "{APT}/lists";
Dir::State::status "{APT}/status";
Dir::Cache "{APT}/cache";
APT::Architecture "arm64";
#clear APT::Architectures;
{self.architectures()}
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11 {{ DefaultEnabled "false"; }};
Acquire::IndexTargets::deb::CNF {{ DefaultEnabled "false"; }};
''')

    def update(self):
        if os.path.exists(self.ready):
            return
        say("reading Debian's package indexes (about 40 MB, once) ...")
        start = time.monotonic()
        self.configure()
        result = self.run("apt-get", "update")
        problems = [line for line in result.stdout.splitlines() if re.match(r"(E|W|Err):?", line)]
        if not [f for f in os.listdir(os.path.join(APT, "lists")) if f.endswith("InRelease")]:
            raise DepsError("no Debian mirror answers; is there a network?\n  " + "\n  ".join(problems))
        if problems:
            say("not every index could be read; going on without:\n  " + "\n  ".join(problems))
        open(self.ready, "w", encoding="utf-8").close()
        say(f"indexes read in {time.monotonic() - start:.0f} s")

    def forget(self):
        if os.path.exists(self.ready):
            os.remove(self.ready)

    def source_versions(self, package, upstream):
        out = self.run("apt-cache", "showsrc", "--only-source", package).stdout
        versions = re.findall(r"(?m)^Version: (\S+)$", out)
        return sorted({v for v in versions if v.split("-")[0] == upstream})


def fetch_source(apt, package, upstream, suite, filename, digest):
    """Have build/deps/downloads/filename with the right hash; the reason if it cannot be had."""
    path = os.path.join(DOWNLOADS, filename)
    if os.path.exists(path):
        if sha256(path) == digest:
            return None
        os.remove(path)
    apt.update()
    versions = apt.source_versions(package, upstream)
    if not versions:
        return f"{filename}: {suite} no longer lists {package} {upstream}"
    output = ""
    for version in versions:
        say(f"fetching {filename}")
        result = apt.run("apt-get", "source", "--download-only", "--tar-only",
                         f"{package}={version}", cwd=DOWNLOADS)
        output = result.stdout
        if os.path.exists(path):
            if sha256(path) == digest:
                return None
            os.remove(path)
            return f"{filename}: fetched, but its SHA256 is not the pinned one"
    errors = [line for line in output.splitlines() if line.startswith(("E:", "Err"))]
    return f"{filename}: " + "; ".join(errors[-2:] or ["apt-get fetched nothing"])


def unpack(filename, target):
    """Unpack a tar without its top folder, so that an interrupted run leaves no half target."""
    part = target + ".part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    with tarfile.open(filename) as tar:
        tar.extractall(part, filter="data") if hasattr(tarfile, "data_filter") else \
            tar.extractall(part)
    tops = os.listdir(part)
    os.rename(os.path.join(part, tops[0]) if len(tops) == 1 else part, target)
    shutil.rmtree(part, ignore_errors=True)


def get_source(apt, name):
    choices = [s for s in SOURCES if s[0] == name]
    stamp = os.path.join(DEPS, name + ".ok")
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as f:
            if f.read().strip() in [s[5] for s in choices]:
                return
    os.makedirs(DOWNLOADS, exist_ok=True)
    reasons = []
    for _, package, upstream, suite, filename, digest in choices:
        reason = fetch_source(apt, package, upstream, suite, filename, digest)
        if reason is None:
            unpack(os.path.join(DOWNLOADS, filename), os.path.join(DEPS, name))
            with open(stamp, "w", encoding="utf-8") as f:
                f.write(digest + "\n")
            say(f"{name} {upstream} is in {os.path.relpath(DEPS, ROOT)}/{name}")
            return
        reasons.append(reason)
    apt.forget()
    wanted = " or ".join(f"{s[4]} (SHA256 {s[5]})" for s in choices)
    raise DepsError(f"{name} cannot be had:\n  " + "\n  ".join(reasons) +
                    f"\nTry again, or put {wanted} into {os.path.relpath(DOWNLOADS, ROOT)}/.")


def fetch_deb(apt, package, architecture="arm64", wanted=None):
    """Download the newest package, or the one of a version; the path of the .deb and its version."""
    name = f"{package}:{architecture}" + (f"={wanted}" if wanted else "")
    show = apt.run("apt-cache", "show", "--no-all-versions", name).stdout
    version = re.search(r"(?m)^Version: (\S+)$", show)
    size = re.search(r"(?m)^Size: (\d+)$", show)
    if not version or not size:
        apt.forget()
        raise DepsError(f"Debian's {architecture} index has no {package} {wanted or ''}; try again"
                        + (", or remove build/deps/guest: the next make takes Debian's newest kernel" if wanted else ""))
    say(f"fetching {package} {version[1]} ({architecture}, {int(size[1]) / 1e6:.1f} MB)")
    result = apt.run("apt-get", "download", name, cwd=DOWNLOADS)
    name = f"{package}_{version[1].replace(':', '%3a')}_"
    for entry in sorted(os.listdir(DOWNLOADS)):
        if entry.startswith(name) and entry.endswith(".deb"):
            return os.path.join(DOWNLOADS, entry), version[1]
    apt.forget()
    raise DepsError(f"{package} could not be fetched:\n{result.stdout}")


def kernel_of(apt, meta):
    """The package of the newest kernel that a metapackage stands for."""
    text = apt.run("apt-cache", "show", "--no-all-versions", meta).stdout
    kernel = re.search(r"(?m)^Depends:.*?(linux-image-[0-9][^ ,(]*)", text)
    if not kernel:
        apt.forget()
        raise DepsError(f"Debian's arm64 index has no {meta}; try again")
    return kernel[1]


def get_packages(apt, name, choose):
    """Unpack the packages that choose() names into build/deps/name; its file `version` says which."""
    target = os.path.join(DEPS, name)
    if os.path.exists(os.path.join(target, "version")):
        return
    os.makedirs(DOWNLOADS, exist_ok=True)
    apt.update()
    part = target + ".part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    versions = []
    for package in choose():
        deb, version = fetch_deb(apt, package)
        say(f"unpacking {package}")
        subprocess.run(["dpkg-deb", "-x", deb, part], check=True)
        versions.append(f"{package} {version}")
    with open(os.path.join(part, "version"), "w", encoding="utf-8") as f:
        f.write("\n".join(versions) + "\n")
    os.rename(part, target)


def point_here(target):
    """The packages' makefiles and links name places below /usr that are below `target` here."""
    for folder, names, files in os.walk(target):
        for name in names + files:
            path = os.path.join(folder, name)
            if os.path.islink(path) and os.readlink(path).startswith("/usr/"):
                link = os.path.relpath(target + os.readlink(path), folder)
                os.remove(path)
                os.symlink(link, path)
    for path in glob.glob(f"{target}{HEADERS}*-cloud-arm64/Makefile"):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(HEADERS, "$(dir $(abspath $(lastword $(MAKEFILE_LIST))))../linux-headers-"))


def get_headers(apt):
    """Of the very kernel that is in build/deps/guest: a module for another one would not load."""
    target = os.path.join(DEPS, "headers")
    get_packages(apt, "guest", lambda: [kernel_of(apt, GUEST_META), GUEST_BUSYBOX])
    with open(os.path.join(DEPS, "guest", "version"), encoding="utf-8") as f:
        release, version = re.match(r"linux-image-(\S+) (\S+)", f.read()).groups()
    stamp = os.path.join(target, "version")
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as f:
            if f.read() == f"{release} {version}\n":
                return
    apt.update()
    part = target + ".part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    common = release.replace("cloud-arm64", "common")
    kbuild = "linux-kbuild-" + ".".join(release.split(".")[:2])
    for package, architecture in ((f"linux-headers-{release}", "arm64"), (f"linux-headers-{common}", "arm64"),
                                  (kbuild, "amd64")):
        deb, _ = fetch_deb(apt, package, architecture, version)
        say(f"unpacking {package}")
        subprocess.run(["dpkg-deb", "-x", deb, part], check=True)
    point_here(part)
    with open(os.path.join(part, "version"), "w", encoding="utf-8") as f:
        f.write(f"{release} {version}\n")
    os.rename(part, target)


def get_trees(apt):
    """A tree is what a board's file was written from: another one is not taken in its place."""
    get_packages(apt, "guest-full", lambda: [kernel_of(apt, FULL_META)])
    package = os.path.join(DEPS, "guest-full")
    with open(os.path.join(package, "version"), encoding="utf-8") as f:
        version = f.read()
    target = os.path.join(DEPS, "trees")
    os.makedirs(target, exist_ok=True)
    for name, digest in TREES:
        found = glob.glob(f"{package}/usr/lib/linux-image-*/{name}")
        if len(found) != 1:
            raise DepsError(f"{version.strip()} has no {name}")
        if sha256(found[0]) != digest:
            raise DepsError(f"{name} of {version.strip()} has the SHA256 {sha256(found[0])}, not the pinned one: compare its nodes with "
                            "the board's file in configs/boards, then change TREES in tools/deps.py")
        shutil.copyfile(found[0], os.path.join(target, os.path.basename(name)))
    with open(os.path.join(target, "version"), "w", encoding="utf-8") as f:
        f.write(version)


def main(names):
    os.makedirs(DEPS, exist_ok=True)
    # One fetcher at a time: apt's own locks would make a parallel one fail instead of wait.
    with open(os.path.join(DEPS, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        apt = Apt()
        packages = {
            "guest": lambda: [kernel_of(apt, GUEST_META), GUEST_BUSYBOX],
            "guest-full": lambda: [kernel_of(apt, FULL_META)],
            "uboot": lambda: [UBOOT],
        }
        known = {s[0] for s in SOURCES}
        for name in names:
            if name in packages:
                get_packages(apt, name, packages[name])
            elif name == "headers":
                get_headers(apt)
            elif name == "trees":
                get_trees(apt)
            elif name in known:
                get_source(apt, name)
            else:
                raise DepsError(f"unknown: {name} (known: {' '.join(sorted(known) + sorted(packages))} headers trees)")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except DepsError as error:
        sys.exit(f"deps: {error}")
