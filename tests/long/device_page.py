#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The device server of docs/device.md, taken from the page and built, in Linux: the page's session, word for word."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "unit", "docs"))
import pages  # noqa: E402

BOOT_LIMIT = 180  # seconds of the host until Linux has its shell
PROMPT = r"^guest:\S*# "
ESCAPE = r"\x1b\[[0-9;?]*[A-Za-z]"  # the shell asks the terminal where the cursor is


def say(vm, command, expected, require):
    """Types the command at the prompt; its output, up to the next prompt, is what the page shows."""
    begin = vm.at
    vm.type(command + "\n")
    end = vm.wait(PROMPT).start()
    typed, _, output = re.sub(ESCAPE, "", vm.text[begin:end]).partition("\n")
    require(typed == command, f"{command} was echoed as {typed}")
    require(output == expected, f"{command}\nsaid\n{output}instead of\n{expected}")


def boot(machine, directory, require):
    disk = os.path.join(directory, "disk.img")
    with open(disk, "wb") as f:
        f.truncate(64 << 20)
    with machine.Machine(os.path.join(directory, "configs", "systems", "mine.toml"), disk=disk) as vm:
        vm.wait("^skerry-guest: ready", BOOT_LIMIT)
        vm.wait(PROMPT)
        for command, output in pages.session(pages.read(pages.DEVICE)):
            say(vm, command, output, require)
        vm.type("poweroff\n")
        status = vm.off()
        require(status == 0, f"the exit status is {status}")
        died = re.search(r"^.*init: .* died: .*$", vm.text, re.MULTILINE)
        require(not died, died and died.group())


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-docs-") as directory:
        pages.with_examples(directory)
        # The copy's own: all that it boots is the copy's.
        sys.path.insert(0, os.path.join(directory, "tests", "qemu", "lib"))
        import machine  # pylint: disable=import-outside-toplevel
        import results  # pylint: disable=import-outside-toplevel

        built = pages.run(["make", "all"], directory)
        results.result(built.returncode == 0, "docs/device.md: make", built.stdout[-3000:])
        results.case("docs/device.md: its session in Linux", boot, machine, directory, results.require)
        results.finish()


main()
