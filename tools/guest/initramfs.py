#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make the Linux guest's initramfs.

    initramfs.py DEPS KERNEL OUTPUT [FILE ...]   DEPS: where busybox's package lies unpacked; KERNEL: the kernel's

Further files are modules of ours (NAME.ko, loaded last) and programs.
"""
import glob
import gzip
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True
from cpio import Archive  # noqa: E402

# What the guest loads; the modules these need come before them.
MODULES = ["virtio_mmio", "virtio_blk"]
# And what it loads for a virtio device of that id, if there is one.
FOR_DEVICE = {1: "virtio_net", 3: "virtio_console"}

# Busybox's names, as links. The ones not here work as `busybox NAME`.
APPLETS = """
ash awk base64 basename blockdev cat chmod chown chroot clear cmp cp cpio crc32 cttyhack cut date dd
devmem df diff dirname dmesg du echo ed egrep env expr fallocate false fdisk fgrep find free getty grep
gunzip gzip head hexdump hostid hostname id ifconfig insmod ip kill killall less ln losetup ls lsmod
md5sum mkdir mke2fs mkfifo mknod mktemp more mount mv nc nproc od paste pidof ping printf ps pwd
readlink realpath reset rev rm rmdir rmmod route sed seq setsid sh sha256sum shred shuf sleep sort stat
strings stty sync sysctl tac tail tar taskset tee test time timeout top touch tr true truncate ts tty
umount uname uniq uptime usleep vi watch wc which xargs xxd xz yes zcat poweroff reboot halt
""".split()

# Read by interactive shells. -f: at once, instead of through /init and one more prompt.
SHELL_RC = b"""alias ll='ls -l'
alias poweroff='poweroff -f' reboot='reboot -f' halt='halt -f'
"""

# The console as the session's terminal: job control, and Ctrl-C for the shell's children.
INITTAB = b"""::respawn:/bin/cttyhack /bin/sh
"""


def read(path):
    with open(path, "rb") as f:
        return f.read()


def module(deps, name):
    found = glob.glob(f"{deps}/lib/modules/*/kernel/**/{name}.ko*", recursive=True)
    if len(found) != 1:
        sys.exit(f"initramfs: {name}: {len(found)} modules of that name in {deps}")
    if found[0].endswith(".xz"):
        return subprocess.run(["xz", "-dc", found[0]], check=True, stdout=subprocess.PIPE).stdout
    return read(found[0])


def with_dependencies(deps, names):
    """{module: its file}, in an order in which they can be loaded."""
    ordered = {}
    for name in names:
        data = module(deps, name)
        needs = re.search(rb"\0depends=([^\0]*)\0", data)
        if needs is None:
            sys.exit(f"initramfs: {name}: no list of the modules that it needs")
        for needed, needed_data in with_dependencies(
                deps, [n for n in needs[1].decode().split(",") if n]).items():
            ordered.setdefault(needed, needed_data)
        ordered.setdefault(name, data)
    return ordered


def lines(names):
    return "".join(f"{name}\n" for name in names).encode()


def main(deps, kernel, output, *extra):
    archive = Archive()
    for name in ("bin", "dev", "etc", "lib", "lib/modules", "mnt", "proc", "root", "sys", "tmp"):
        archive.directory(name, 0o1777 if name == "tmp" else 0o755)
    # The kernel opens this before /init has mounted anything.
    archive.device("dev/console", 5, 1)
    archive.file("init", read(f"{HERE}/init"), 0o755)
    archive.file("etc/shrc", SHELL_RC)
    archive.file("etc/inittab", INITTAB)
    archive.file("bin/busybox", read(f"{deps}/bin/busybox"), 0o755)
    for name in APPLETS:
        archive.link(f"bin/{name}", "busybox")
    modules = with_dependencies(kernel, MODULES)
    for path in extra:
        name, suffix = os.path.splitext(os.path.basename(path))
        if suffix == ".ko":
            modules[name] = read(path)
        else:
            archive.file(f"bin/{name}", read(path), 0o755)
    for name, data in modules.items():
        archive.file(f"lib/modules/{name}.ko", data)
    archive.file("lib/modules/order", lines(modules))
    for device, name in FOR_DEVICE.items():
        more = {m: data for m, data in with_dependencies(kernel, [name]).items() if m not in modules}
        archive.file(f"lib/modules/virtio-{device}", lines(more))
        for m, data in more.items():
            archive.file(f"lib/modules/{m}.ko", data)
    packed = gzip.compress(archive.bytes(), compresslevel=9, mtime=0)
    with open(output + ".part", "wb") as f:
        f.write(packed)
    os.rename(output + ".part", output)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: initramfs.py DEPS KERNEL OUTPUT [FILE ...]")
    main(*sys.argv[1:])
