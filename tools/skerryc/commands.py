# SPDX-License-Identifier: BSD-2-Clause
"""check and generate, with the options of axvisor's axvmconfig."""
import argparse
import os
import sys

from skerryc import board, compile as compiler, vmfile
from skerryc.source import ConfigError, Document

MIB = 1 << 20
TYPES = {"host": 0, "rtos": 1, "linux": 2, "0": 0, "1": 1, "2": 2}
MEMORY = {vmfile.VM_TYPE_LINUX: 256 * MIB}
SMALL_MEMORY = 16 * MIB
# What a file says that generate has written; numbers as users of axvisor write them.
FORM = """# SPDX-License-Identifier: BSD-2-Clause

[base]
id = {id}
name = {name}
vm_type = {type}
cpu_num = {cpus}

[kernel]
entry_point = {entry}
image_location = {location}
kernel_path = {kernel}
kernel_load_addr = {load}
{options}memory_regions = [
    [{base}, {size}, 0x7, 0],     # {mib} MiB, MapAlloc
]

[devices]
emu_devices = [
    ["console", 0x0900_0000, 0x1000, 33, 0x2, []],
]
passthrough_devices = []
interrupt_mode = "emu"
"""


def number(text):
    """As TOML has them: 10, 0x8000_0000."""
    return int(text, 0)


def hexadecimal(value):
    digits = f"{value:x}"
    groups = [digits[max(i - 4, 0):i] for i in range(len(digits), 0, -4)]
    return "0x" + "_".join(reversed(groups))


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def parser():
    top = argparse.ArgumentParser(prog="skerryc", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    check_file = commands.add_parser("check", help="say whether a VM, system or board file is right")
    check_file.add_argument("-c", "--config-path", required=True, metavar="FILE")
    check_file.add_argument("-s", "--system", default="default", help="a VM file is checked as its only VM (default: %(default)s)")
    make = commands.add_parser("generate", help="write a VM file")
    make.add_argument("-a", "--arch", required=True)
    make.add_argument("-i", "--id", required=True, type=number)
    make.add_argument("-n", "--name", required=True)
    make.add_argument("-t", "--vm-type", required=True, choices=TYPES)
    make.add_argument("-c", "--cpu-num", required=True, type=number)
    make.add_argument("-e", "--entry-point", required=True, type=number)
    make.add_argument("-k", "--kernel-path", required=True)
    make.add_argument("-l", "--kernel-load-addr", required=True, type=number)
    make.add_argument("--image-location", default="fs", choices=vmfile.IMAGE_LOCATIONS)
    make.add_argument("--cmdline")
    make.add_argument("--ramdisk", help="not an option of axvmconfig")
    make.add_argument("-O", "--output", required=True)
    return top


def main(arguments, root):
    options = parser().parse_args(arguments)
    try:
        if options.command == "generate":
            generate(options, root)
            options.config_path, options.system = options.output, "default"
        print(check(options.config_path, options.system, root))
    except ConfigError as e:
        sys.exit(str(e))


def check(path, system, root):
    """One line about a file that is right; remarks go to standard error."""
    path = os.path.abspath(path)
    document = Document(path, root)
    keys = document.table
    if "base" in keys:
        compiled = compiler.compile_system(system, root, only=path)
        placed = compiled.system.vms[0]
        what = describe_vm(placed) + f", on core {placed.core} of {system}"
    elif "board" in keys:
        compiled = compiler.compile_system(path, root)
        what = f"a system of {plural(len(compiled.system.cores), 'core')} with {plural(len(compiled.system.vms), 'VM')}"
    elif "cpus" in keys:
        machine = board.load(path, root)
        return f"{document.name}: right: a board of {plural(len(machine.cpus), 'core')}, {machine.ram_size // MIB} MiB"
    else:
        raise ConfigError(f"{document.name}: is no VM file, which has [base], no system file, which has board, and no board "
                          "file, which has cpus; give one")
    for note in compiled.notes:
        print(note, file=sys.stderr)
    return f"{document.name}: right: {what}"


def describe_vm(placed):
    vm = placed.vm
    size = sum(size for _, size, *_ in vm.memory_regions)
    passed = sum(len(each.devices) for each in vm.passthrough)
    return f"VM {vm.name} with {plural(vm.cpu_num, 'vCPU')}, {size // MIB} MiB, {plural(len(vm.devices), 'served device')}" \
        + (f", {passed} passed through" if passed else "")


def plural(count, noun):
    return f"{count} {noun}" + ("" if count == 1 else "s")


def generate(options, root):
    if options.arch != "aarch64":
        raise ConfigError(f'there is no board of "{options.arch}"; give aarch64')
    kind = TYPES[options.vm_type]
    base, size = options.kernel_load_addr & -2 * MIB, MEMORY.get(kind, SMALL_MEMORY)
    more = {"cmdline": options.cmdline, "ramdisk_path": options.ramdisk and found(options, options.ramdisk, root)}
    text = FORM.format(
        id=options.id, name=quoted(options.name), type=kind, cpus=options.cpu_num, entry=hexadecimal(options.entry_point),
        location=quoted(options.image_location), kernel=quoted(found(options, options.kernel_path, root)),
        load=hexadecimal(options.kernel_load_addr), base=hexadecimal(base), size=hexadecimal(size), mib=size // MIB,
        options="".join(f"{key} = {quoted(value)}\n" for key, value in more.items() if value))
    try:
        with open(options.output, "w", encoding="utf-8") as f:
            f.write(text)
    except OSError as e:
        raise ConfigError(f"{options.output}: cannot be written: {e.strerror}; give another name") from None


def found(options, path, root):
    """As given if the file will be found so from where it is written, else in full."""
    from_there = os.path.join(os.path.dirname(os.path.abspath(options.output)), path)
    here = os.path.abspath(path)
    if os.path.isfile(from_there) or os.path.isfile(os.path.join(root, path)) or not os.path.isfile(here):
        return path
    return here
