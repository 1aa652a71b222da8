# SPDX-License-Identifier: BSD-2-Clause
"""The files of the repository as the checks see them: groups, compiler flags, includes."""
import os
import re
import subprocess

# musl compiles these with its own private headers, in its own style of build.
MUSL_OVERLAY = "services/lib/musl/"
# The module and programs of a Linux guest, for its headers alone.
LINUX_GUEST = ("tools/guest/", "tests/linux/")


class Tree:
    def __init__(self):
        self.root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        os.chdir(self.root)
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], text=True, check=True,
                                stdout=subprocess.PIPE).stdout.splitlines()
        self.files = sorted(f for f in set(listed) if os.path.isfile(f))
        self.c_files = [f for f in self.files if f.endswith((".c", ".h"))]
        own = [f for f in self.c_files if not f.startswith((MUSL_OVERLAY, *LINUX_GUEST))]
        self.c_sources = [f for f in own if f.endswith(".c")]
        self.c_headers = [f for f in own if f.endswith(".h")]
        self._text = {}
        self._includes = {}
        self._flags = None

    def read(self, path):
        if path not in self._text:
            with open(path, encoding="utf-8", errors="replace") as f:
                self._text[path] = f.read()
        return self._text[path]

    @staticmethod
    def group(path):
        """Whose compiler and flags a file has: the Makefile's names."""
        if path.startswith("kernel/arch/aarch64/gicv2/"):
            return "kernel-gicv2"
        if path.startswith(("kernel/", "boot/")):
            return "kernel"
        if path.startswith(("services/", "tests/services/", "bench/services/")):
            return "service"
        if path.startswith(("tests/guests/", "bench/guest/")):
            return "guest"
        return "host"

    def groups(self, paths):
        found = {}
        for path in paths:
            found.setdefault(self.group(path), []).append(path)
        return found

    def flags(self, group):
        """The Makefile's flags for a group, as `make flags` prints them."""
        if self._flags is None:
            # Not as a part of the make that runs this: its job server is not passed on.
            env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
            out = subprocess.run(["make", "-s", "flags"], text=True, check=True, env=env,
                                 stdout=subprocess.PIPE).stdout
            self._flags = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
        return self._flags[group][1:]

    def compiler(self, path):
        self.flags("host")
        return [self._flags[self.group(path)][0]]

    def path_flags(self, path):
        flags = self.flags(self.group(path))
        folder = os.path.dirname(path)
        own = re.sub(r"/arch/\w+$", "", folder)
        if self.group(path) == "service" and own != "services/lib":
            arch = re.search(r"-Ikernel/arch/(\w+)", " ".join(self.flags("kernel")))[1]
            flags = [*flags, f"-I{own}", f"-I{own}/arch/{arch}"]
        return [*flags, f"-I{folder}"]

    def clang_flags(self, path):
        """The same for clang: without gcc's own headers, and with the target named."""
        group = self.group(path)
        flags, skip = [], False
        for flag in self.path_flags(path):
            if skip or flag == "-isystem":
                if not skip:
                    skip = True
                elif "/gcc" in flag:
                    skip = False
                else:
                    flags += ["-isystem", flag]
                    skip = False
            elif flag.startswith(("-I", "-D", "-std", "-ffreestanding", "-mgeneral")):
                flags.append(flag)
            elif flag == "-nostdinc":
                flags.append("-nostdlibinc")
        target = self.compiler(path)[0].removesuffix("gcc").rstrip("-")
        return flags if group == "host" else [f"--target={target}", *flags]

    def includes(self, path):
        """The files of the repository and of build/idl that a file includes by "name"."""
        key = path
        if key not in self._includes:
            folders = [os.path.dirname(path)] + [f[2:] for f in self.path_flags(path)
                                                 if f.startswith("-I")]
            found = []
            for name in re.findall(r'(?m)^\s*#\s*include\s+"([^"]+)"', self.read(path)):
                for folder in folders:
                    candidate = os.path.normpath(os.path.join(folder, name))
                    if os.path.isfile(candidate):
                        found.append(candidate)
                        break
            self._includes[key] = found
        return self._includes[key]

    def closure(self, path):
        """The texts of a file and of all that it includes, directly or not."""
        seen, todo = [], [path]
        while todo:
            current = todo.pop()
            if current not in seen:
                seen.append(current)
                todo += self.includes(current)
        return [f"{p}\n{self.read(p)}" for p in sorted(seen)]
