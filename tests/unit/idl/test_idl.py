#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the IDL compiler: three codecs against each other, bad bytes, bad files, stubs.

Needs protoc, nanopb and gcc, and nanopb's sources in build/deps/nanopb (or in $NANOPB).
Prints `ok NAME` or `FAIL NAME why` per test, last `N passed, N failed`.
"""

import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../../.."))
OUT = os.path.join(TOP, "build/host/idl")
NANOPB = os.environ.get("NANOPB", os.path.join(TOP, "build/deps/nanopb"))

sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: E402

import glue  # noqa: E402
import malformed  # noqa: E402
import properties  # noqa: E402
import rules  # noqa: E402

CROSS = "aarch64-linux-gnu-"
# Tags of more than two bytes, and messages beyond 64 KiB in the configuration.
NANOPB_FLAGS = ["-DPB_FIELD_32BIT", "-isystem", NANOPB]
C = ["-std=c11"] + glue.WARNINGS


class Results:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def run(self, name, test, *args):
        """A test passes if it returns; what it raises says why it failed."""
        try:
            test(*args)
        except Exception as error:  # pylint: disable=broad-except
            self.failed += 1
            reason = str(error) or type(error).__name__
            print("FAIL %s %s" % (name, " ".join(reason.split())), flush=True)
            return False
        self.passed += 1
        print("ok %s" % name, flush=True)
        return True


def command(*args, **more):
    done = subprocess.run(args, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (args[0], done.stderr or done.stdout))
    return done.stdout


def protoc(directories, files, *outputs):
    return command("protoc", *["-I" + d for d in directories],
                   "--plugin=protoc-gen-skerry=" + TOP + "/tools/protoc-gen-skerry",
                   *outputs, *files)


def idl_files():
    files = sorted(glob.glob(TOP + "/idl/*.proto"))
    return [f for f in files if os.path.basename(f) != "skerry.proto"] + [HERE + "/sample.proto"]


def stems():
    return [os.path.basename(f)[:-len(".proto")] for f in idl_files()]


def generate():
    directories = [TOP + "/idl", HERE]
    parameter = ",".join(directories)
    protoc(directories, idl_files(), "--skerry_out=" + OUT, "--skerry_opt=" + parameter,
           "--nanopb_out=" + OUT, "--nanopb_opt=-xskerry.proto", *["--nanopb_opt=-I" + d for d in directories],
           "--include_imports", "--descriptor_set_out=" + OUT + "/idl.binpb")


def load():
    """Google's classes for every message, from protoc's own descriptors."""
    with open(OUT + "/idl.binpb", "rb") as file:
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    option = pool.FindExtensionByName("skerry.constant")
    options = factory.GetPrototype(pool.FindMessageTypeByName("google.protobuf.MessageOptions"))
    constants = []
    for stem in stems():
        for message in pool.FindFileByName(stem + ".proto").message_types_by_name.values():
            text = message.GetOptions().SerializeToString()
            if options.FromString(text).Extensions[option] or not message.fields:
                constants.append(factory.GetPrototype(message))
    return constants, factory.GetPrototype(pool.FindMessageTypeByName("skerry.SampleText"))


def compile_host(binary, sources, checked):
    """`checked` sources are ours and free of warnings; nanopb's are only run under sanitizers."""
    objects = []
    for source in sources + checked:
        objects.append(os.path.join(OUT, os.path.basename(source)[:-2] + ".o"))
        flags = C if source in checked else ["-std=c11"]
        command("gcc", *flags, *glue.SANITIZE, "-I" + OUT, "-I" + HERE, "-I" + TOP,
                "-I" + TOP + "/services/lib", *NANOPB_FLAGS, "-c", source, "-o", objects[-1])
    command("gcc", *glue.SANITIZE, *objects, "-o", binary)


def build_driver(constants):
    with open(OUT + "/table.c", "w", encoding="utf-8") as file:
        file.write(glue.table([m.DESCRIPTOR for m in constants], stems()))
    nanopb = [NANOPB + "/pb_common.c", NANOPB + "/pb_decode.c", NANOPB + "/pb_encode.c"]
    generated = ["%s/%s.pb.c" % (OUT, stem) for stem in stems()]
    ours = ["%s/%s.fallback.c" % (OUT, stem) for stem in stems()]
    compile_host(OUT + "/driver", nanopb + generated,
                 ours + [OUT + "/table.c", HERE + "/driver.c"])


def build_stubs():
    nanopb = [NANOPB + "/pb_common.c", NANOPB + "/pb_decode.c", NANOPB + "/pb_encode.c"]
    compile_host(OUT + "/stubs", nanopb + [OUT + "/sample.pb.c"],
                 [OUT + "/sample.fallback.c", HERE + "/stubs.c"])


def check_stub(name):
    command(OUT + "/stubs", name)


def check_freestanding(stem):
    """The codecs alone: no header but the compiler's, no call of anything."""
    source = OUT + "/alone.c"
    with open(OUT + "/" + stem + ".skerry.h", encoding="utf-8") as file:
        text = file.read()
    with open(source, "w", encoding="utf-8") as file:
        file.write(text.replace("static inline ", ""))
    flags = [flag for flag in C if flag != "-Wmissing-prototypes"]
    command(CROSS + "gcc", *flags, "-ffreestanding", "-O2", "-mgeneral-regs-only", "-I" + OUT,
            "-c", source, "-o", OUT + "/alone.o")
    undefined = command(CROSS + "nm", "-u", OUT + "/alone.o")
    if undefined:
        raise AssertionError("the codecs call " + undefined)


def check_alignment():
    """Aligned words are used where every value is one, and only there."""
    with open(OUT + "/sample.skerry.h", encoding="utf-8") as file:
        functions = file.read().split("static inline ")
    aligned = {f.split("(")[0].split()[-1] for f in functions if "assume_aligned" in f}
    if aligned != {"sample_words_put", "sample_words_get"}:
        raise AssertionError("aligned words in %s" % sorted(aligned))


def check_rule(rule):
    directory = OUT + "/rules"
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    with open(directory + "/bad.proto", "w", encoding="utf-8") as file:
        file.write('syntax = "%s";\npackage %s;\nimport "skerry.proto";\n%s\n'
                   % (rule.syntax, rule.package, rule.body))
    with open(directory + "/bad.options", "w", encoding="utf-8") as file:
        file.write(rule.options + "\n")
    try:
        protoc([TOP + "/idl", directory], [directory + "/bad.proto"],
               "--skerry_out=" + directory, "--skerry_opt=" + directory)
    except RuntimeError as error:
        if rule.error not in str(error):
            raise AssertionError('said "%s", not "%s"' % (error, rule.error)) from None
        return
    raise AssertionError("was accepted")


def run_codecs(results, constants, text):
    driver = glue.Driver(OUT + "/driver")
    for index, message in enumerate(constants):
        subject = properties.Subject(driver, index, message)
        for name, test in properties.TESTS + malformed.TESTS:
            results.run("%s %s" % (name, message.DESCRIPTOR.name), test, subject)
    for name, test in properties.TEXT_TESTS:
        results.run(name, test, driver, text)
    results.run("sanitizers", check_exit, driver)


def check_exit(driver):
    status = driver.close()
    if status != 0:
        raise AssertionError("the driver ended with status %d" % status)


def main():
    results = Results()
    os.makedirs(OUT, exist_ok=True)
    if results.run("generate", generate):
        constants, text = load()
        if results.run("build driver", build_driver, constants):
            run_codecs(results, constants, text)
        if results.run("build stubs", build_stubs):
            for name in command(OUT + "/stubs").split():
                results.run("stub " + name, check_stub, name)
        results.run("aligned words", check_alignment)
        if shutil.which(CROSS + "gcc"):
            for stem in stems():
                results.run("freestanding " + stem, check_freestanding, stem)
    for rule in rules.RULES:
        results.run("rule " + rule.name, check_rule, rule)
    print("%d passed, %d failed" % (results.passed, results.failed))
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
