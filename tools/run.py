#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot QEMU with a system: what `make run` calls once everything is built.

Environment: CONFIG (system, "default"), KERNEL, INITRD (the guest's, files), APPEND (to the guest's command
line), DISK (the host's disk, a file), GDB (wait for a debugger: 1, or the number of a port other than 1234), ARCH.
Standard input that is not a terminal is typed into the guest once it is ready: at its first prompt, so that it is
echoed once, where it belongs. Ends as QEMU does: 0 when the last VM is off.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)

import bundle  # noqa: E402
import loader  # noqa: E402
from skerryc.source import ConfigError  # noqa: E402

QEMU = "qemu-system-aarch64"
# What tools/guest/init says, up to the shell's prompt or what runs in its place. Behind a prefix it is another
# guest's, which has not the keyboard.
READY = re.compile(rb"\nskerry-guest: (?:runs [^\n]*\n|ready\r?(?s:.*?)\n[^\[\n]*[#$] )")
# The guest's shell asks the terminal where its cursor is. When the terminal is not our input, its answer would
# come to whoever reads from it next.
ASK = b"\x1b[6n"
KEPT = 1 << 16  # bytes of output in which that is looked for
SECTOR = 512
GDB_PORT = "1234"


def machine(board):
    """QEMU's command line for the board's hardware; serial port and monitor on standard input and output."""
    if not board.qemu:
        raise ConfigError(f"{board.name} has no [qemu]: no QEMU is this board; make image BOARD={board.name} makes its files")
    return [QEMU, *board.qemu, "-nographic", "-smp", str(len(board.cpus)), "-m", str(board.ram_size >> 20), "-no-reboot",
            "-global", "virtio-mmio.force-legacy=false"]


def command(board, kernel, initrd, disk=None):
    """The same with kernel and bundle in memory, and the host's disk."""
    loaded = loader.arguments(board, kernel, initrd) if board.tree else ["-kernel", kernel, "-initrd", initrd]
    args = machine(board) + loaded
    if disk:
        # In the value of -drive, a comma is written twice.
        args += ["-drive", f"file={disk.replace(',', ',,')},if=none,format=raw,id=d", "-device", "virtio-blk-device,drive=d"]
    return args


def host_disk(system, directory):
    """The file behind the host's disk, made empty if it is not there; None: the system has no disk."""
    sectors = max((driver.sectors for driver in system.drivers), default=0)
    if not sectors:
        return None
    path = os.environ.get("DISK") or os.path.join(directory, "disk.img")
    size = sectors * SECTOR
    try:
        with open(path, "ab") as f:
            if f.tell() == 0:
                f.truncate(size)
    except OSError as e:
        raise ConfigError(f"{path}: cannot be opened: {e.strerror}; give another DISK") from None
    if os.path.getsize(path) < size:
        raise ConfigError(f"{path}: is smaller than the {size >> 20} MiB of this system's disk; enlarge it with "
                          f"truncate -s {size >> 20}M, or give another DISK")
    return path


def say(disk):
    lines = ["To quit: `poweroff` in the guest, or press Ctrl-A and then X. Ctrl-C goes to the guest.",
             "Ctrl-] and then h shows the keys of the console."]
    if disk:
        shown = os.path.relpath(disk, os.getcwd()) if disk.startswith(os.getcwd()) else disk
        lines.append(f"The guest's disk is in {shown} (/dev/vda in the guest); delete that file to reset it.")
    print("\n".join(lines), flush=True)


def show(stream, ready):
    """Copies QEMU's output and notices when the guest is ready."""
    tail, held = b"\n", b""
    while data := stream.read1(65536):
        data = (held + data).replace(ASK, b"")
        held = next((ASK[:n] for n in range(len(ASK) - 1, 0, -1) if data.endswith(ASK[:n])), b"")
        data = data.removesuffix(held)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        if not ready.is_set():
            tail = (tail + data)[-KEPT:]
            if READY.search(tail):
                ready.set()


def type_in(stream, ready):
    """Types standard input into the guest. Its end changes nothing: the guest runs on."""
    ready.wait()
    try:
        while data := os.read(0, 4096):
            stream.write(data)
            stream.flush()
    except (BrokenPipeError, OSError):
        pass  # QEMU has ended


def run_piped(args):
    qemu = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    ready = threading.Event()
    threading.Thread(target=type_in, args=(qemu.stdin, ready), daemon=True).start()
    try:
        show(qemu.stdout, ready)
        return qemu.wait()
    finally:
        if qemu.poll() is None:
            qemu.terminate()
            qemu.wait()


def main():
    name = os.environ.get("CONFIG") or "default"
    if not shutil.which(QEMU):
        sys.exit(f"{QEMU} is not installed; install Debian's qemu-system-arm")
    directory = os.path.join(ROOT, "build", os.path.basename(name).removesuffix(".toml"))
    os.makedirs(directory, exist_ok=True)
    initrd = os.path.join(directory, "bundle.cpio")
    try:
        compiled = bundle.write(name, initrd, {"kernel": os.environ.get("KERNEL"), "ramdisk": os.environ.get("INITRD"),
                                               "append": os.environ.get("APPEND")})
        kernel = bundle.kernel(compiled.system.board)
        if not os.path.isfile(kernel):
            raise ConfigError(f"{kernel}: does not exist; build it with make")
        disk = host_disk(compiled.system, directory)
        args = command(compiled.system.board, kernel, initrd, disk)
    except ConfigError as e:
        sys.exit(str(e))
    # An exception, so that QEMU is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    say(disk)
    if port := os.environ.get("GDB"):
        port = GDB_PORT if port == "1" else port
        if not port.isdigit():
            sys.exit(f"GDB={port}: give 1, or a port's number")
        args += ["-gdb", f"tcp:localhost:{port}", "-S"]
        print(f"gdb-multiarch {kernel.removesuffix('.bin')}.elf -ex 'target remote :{port}'", flush=True)
    if sys.stdin is not None and sys.stdin.isatty():
        # QEMU itself puts the terminal into raw mode and back.
        status = subprocess.run(args, check=False).returncode
    else:
        status = run_piped(args)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
