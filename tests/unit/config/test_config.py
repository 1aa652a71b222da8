#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the configuration compiler: what good files become, and what each mistake is answered with.

Prints `ok NAME` or `FAIL NAME` per test, last `N passed, N failed`.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../../.."))
sys.dont_write_bytecode = True
sys.path[0:0] = [HERE, os.path.join(TOP, "tools")]


def messages(directory):
    """The Python side of idl/, made anew: the build's may not be there yet."""
    names = [n for n in os.listdir(os.path.join(TOP, "idl")) if n.endswith(".proto")]
    subprocess.run(["protoc", "-I", os.path.join(TOP, "idl"), f"--python_out={directory}"] + names, check=True)
    sys.path.insert(0, directory)


class Results:
    def __init__(self):
        self.passed = self.failed = 0

    def run(self, name, test, *args):
        try:
            test(*args)
        except Exception as error:  # pylint: disable=broad-except
            self.failed += 1
            print(f"FAIL {name}\n  {type(error).__name__}: {error}", flush=True)
            return
        self.passed += 1
        print(f"ok {name}", flush=True)


def error_case(changes, expected):
    import fixture
    from skerryc.compile import compile_system
    from skerryc.source import ConfigError
    with tempfile.TemporaryDirectory() as directory:
        project = fixture.Project(directory, os.path.join(TOP, "idl"))
        line = project.edit(changes)
        try:
            compile_system("s", directory)
        except ConfigError as e:
            text = str(e)
        else:
            raise AssertionError("was accepted")
    expected = expected.replace("{n}", str(line))
    if text != expected:
        raise AssertionError(f"said     {text}\n  expected {expected}")


def main():
    results = Results()
    with tempfile.TemporaryDirectory() as directory:
        messages(directory)
        import asked
        import errors
        import errors_ivc
        import errors_passed
        import errors_places
        import errors_system
        import errors_virtio
        import gicv2
        import examples
        import good
        import never
        import passed
        import placed
        import virtio
        for module, groups in ((errors, "SYNTAX GENERATIONS VALUES MEMORY IMAGES"),
                               (errors_places, "IDENTICAL RESERVED_RANGES HOLES FLAGS DMA"),
                               (errors_passed, "REGIONS PASSTHROUGH PATHS EMULATED"),
                               (errors_system, "DEVICES VMS CORES SERVICES BOARDS"), (errors_ivc, "IVC"),
                               (errors_virtio, "VIRTIO"), (gicv2, "GIC")):
            for group in groups.split():
                for name, changes, expected in getattr(module, group):
                    results.run(f"{group.lower().replace('_', ' ')}: {name}", error_case, changes, expected)
        for name, test in {**good.TESTS, **passed.TESTS, **placed.TESTS, **gicv2.TESTS, **asked.TESTS, **examples.TESTS,
                           **virtio.TESTS, **never.TESTS}.items():
            results.run(name, test, TOP)
    print(f"{results.passed} passed, {results.failed} failed")
    sys.exit(results.failed != 0)


if __name__ == "__main__":
    main()
