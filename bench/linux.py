# SPDX-License-Identifier: BSD-2-Clause
"""Linux's boot: what it costs beside the guest's own instructions, and how long it takes to begin."""
import sys

sys.dont_write_bytecode = True

from counted import boot  # noqa: E402

SYSTEM = "memory-disk"
MARKER = "skerry-guest: ready"
OFF = " skerry.run=true"  # after the marker: turn off


def figures(title, counts):
    """Up to the marker, and before the guest; all counts go along, so that runs are compared in all of them."""
    def of(phase):
        return {owner: counts.get(("mark", phase, owner), 0) for owner in ("kernel", "service", "guest")}

    run, start = of("run"), of("boot")
    note = (f"{title}: guest {run['guest']:,}, kernel {run['kernel']:,}, services {run['service']:,}, "
            f"exits {counts['mark-change', 'guest', 'kernel']:,}; before: kernel {start['kernel']:,}, "
            f"services {start['service']:,}")
    return {"overhead": round((run["kernel"] + run["service"]) / run["guest"], 6), "boot": sum(start.values()),
            "note": note, "counts": sorted(counts.items())}


def quiet(directory, progress):
    found = figures("Linux, quiet", boot(SYSTEM, directory, "quiet", MARKER, "quiet" + OFF, progress))
    return {**found, "linux_boot_overhead": found["overhead"], "boot_to_guest": found["boot"]}


def verbose(directory, progress):
    found = figures("Linux, all messages", boot(SYSTEM, directory, "verbose", MARKER, "loglevel=7" + OFF, progress))
    return {**found, "linux_boot_overhead_verbose": found["overhead"]}
