# SPDX-License-Identifier: BSD-2-Clause
"""Check a system file and show what it compiles to.

    python3 tools/skerryc SYSTEM [--programs]   SYSTEM: a name in configs/systems, or a file
    python3 tools/skerryc check -c FILE         say whether a VM, system or board file is right
    python3 tools/skerryc generate ...          write a VM file; generate -h shows the options
"""
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[0:1] = [os.path.dirname(HERE), os.path.join(ROOT, "build", "idl")]

from google.protobuf import text_format  # noqa: E402
from skerryc import check, commands  # noqa: E402
from skerryc.compile import compile_system  # noqa: E402
from skerryc.source import ConfigError  # noqa: E402


def show(manifest):
    for service in manifest.services:
        config = check.CONFIGS.get(service.image)
        text = text_format.MessageToString(config.FromString(service.config)) if config else ""
        service.ClearField("config")
        print(f"# {service.name}")
        print("".join(f"#   {line}\n" for line in text.splitlines()), end="")
    print(text_format.MessageToString(manifest))


def main(name, *options):
    services = os.path.join(ROOT, "build", "aarch64", "services") if "--programs" in options else None
    try:
        compiled = compile_system(name, ROOT, services)
    except ConfigError as e:
        sys.exit(str(e))
    for note in compiled.notes:
        print("# note:", note)
    for manifest in compiled.manifests:
        show(manifest)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__.strip())
    if sys.argv[1] in ("check", "generate"):
        commands.main(sys.argv[1:], ROOT)
    else:
        main(*sys.argv[1:])
