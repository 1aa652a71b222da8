# SPDX-License-Identifier: BSD-2-Clause
"""From the name of a system to what its bundle holds."""
import os
import struct
from dataclasses import dataclass

from skerryc import check, manifest, places, plan, system as systems
from skerryc.source import ConfigError

PAGE = 4096
NAME_BYTES = 31  # Grant.object


@dataclass
class Compiled:
    system: object
    plan: bytes
    manifests: list  # of pb.Manifest, by core
    programs: dict   # name in the bundle -> path of the ELF file
    files: dict      # name in the bundle -> path of a guest's file
    notes: list


def find_system(name, root):
    path = name if name.endswith(".toml") else os.path.join(root, "configs", "systems", name + ".toml")
    if os.path.isfile(path):
        return path
    known = sorted(f[:-5] for f in os.listdir(os.path.join(root, "configs", "systems")) if f.endswith(".toml"))
    raise ConfigError(f'there is no system "{name}"; CONFIG is one of {", ".join(known)}, or a path that ends in .toml')


def name_files(system):
    """Each file is once in the bundle, whoever uses it; placed.files gets the name."""
    names = {}
    for placed in system.vms:
        for key, (path, address) in placed.files.items():
            real = os.path.realpath(path)
            if real not in names:
                base = os.path.basename(path)[-NAME_BYTES + 6:]
                names[real] = f"{len(names)}.{base}"
            placed.files[key] = path, address, names[real]
    return {name: path for path, name in names.items()}


def memory_of_elf(path):
    """The pages of an ELF file's PT_LOAD segments."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:5] != b"\x7fELF\x02":
        raise ConfigError(f"{path}: is not a 64-bit ELF file; build it again")
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    total = 0
    for i in range(count):
        kind, _, _, address, _, _, length, _ = struct.unpack_from("<IIQQQQQQ", data, offset + i * size)
        if kind == 1:
            total += -(-(address % PAGE + length) // PAGE) * PAGE
    return total


def programs_of(builders, directory):
    """Every program that a manifest names, and init."""
    programs = {"init": os.path.join(directory, "init.elf")}
    for builder in builders:
        for service in builder.manifest.services:
            path = os.path.join(directory, service.image + ".elf")
            if not os.path.isfile(path):
                table = builder.sources[service.name]
                key = next((k for k in ("server", "image") if k in table), None)
                raise table.error(key, f'the program "{service.image}" does not exist; build it, or correct the name')
            programs[service.image] = path
    if not os.path.isfile(programs["init"]):
        raise ConfigError(f"{programs['init']}: does not exist; build it with make")
    return programs


def compile_system(name, root, services=None, overrides=None, only=None):
    """`services`: the directory of the services' ELF files; None: do not look at programs. `only`: see systems.load."""
    path = find_system(name, root)
    system = systems.load(path, root, overrides, only)
    files = name_files(system)
    builders = manifest.build(system)
    limits = check.read_limits(os.path.join(root, "idl"))
    for builder in builders:
        check.cycles(builder)
        check.sizes(builder, limits)
    programs = programs_of(builders, services) if services else {}
    image_bytes = {name: memory_of_elf(path) for name, path in programs.items()}
    bundle_bytes = sum(os.path.getsize(path) for path in list(programs.values()) + list(files.values()))
    places.check_boot(system, bundle_bytes)
    for builder in builders:
        check.memory(builder, system, image_bytes, bundle_bytes)
    return Compiled(system, plan.encode(system), [b.manifest for b in builders], programs, files, system.notes)
