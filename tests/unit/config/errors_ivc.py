# SPDX-License-Identifier: BSD-2-Clause
"""One mistake per case, in what connects VMs; form as in errors.py."""
from errors import SYSTEM, VM, at

DEVICE = ("vm", "emu_devices = []", 'emu_devices = [["ivc", 0xc00_0000, 0x1_0000, 64, 0xa, []]]')
OTHERS = '\n[[vm]]\nfile = "a"\nid = 2\nname = "b"\n\n[[vm]]\nfile = "a"\nid = 3\nname = "c"\n'
DISKS = ("vm", 'backend = "disk"\nfirst_sector = 1024', 'backend = "memory"')
CHANNEL = '\n[[ivc.channel]]\npublisher = "a"\nkey = 1\nsize = 0x2000\nsubscribers = ["b"]\n'
UART = ("vm", 'server = "pl011"\n', 'server = "pl011"\nbackend = "memory"\n')


def device(row):
    return [("vm", "emu_devices = []", f"emu_devices = [{row}] #HERE")]


def channels(old, new, more=""):
    return [DEVICE, DISKS, ("system", None, OTHERS + CHANNEL.replace(old, new) + more)]


IVC = [
    ("range not of pages", device('["ivc", 0xc00_0000, 0x1_0800, 64, 0xa, []]'),
     at(VM, "devices.emu_devices[0]: ivc: length 0x10800 must be a multiple of 0x1000; each channel takes whole pages")),
    ("range of size 0", device('["ivc", 0xc00_0000, 0, 64, 0xa, []]'),
     at(VM, "devices.emu_devices[0]: ivc: length 0x0 must be a multiple of 0x1000; each channel takes whole pages")),
    ("range too large", device('["ivc", 0xc00_0000, 0x40_1000, 64, 0xa, []]'),
     at(VM, "devices.emu_devices[0]: ivc: has 0x401000 bytes; at most 0x400000 are possible, shorten it")),
    ("private interrupt", device('["ivc", 0xc00_0000, 0x1000, 27, 0xa, []]'),
     at(VM, "devices.emu_devices[0]: ivc: irq_id 27 is out of range; give 32 to 255, or 0 for no doorbell")),
    ("a device's interrupt", device('["ivc", 0xc00_0000, 0x1000, 48, 0xa, []]'),
     at(VM, "devices.emu_devices[0]: ivc: irq_id 48 is disk0's at configs/vms/a.toml:36; give another")),
    ("range in memory", [("vm", "emu_devices = []", 'emu_devices = [["ivc", 0x80ff_f000, 0x2000, 64, 0xa, []]]'),
                         ("vm", "    [0x8000_0000, 0x0100_0000, 0x7, 0],", "    [0x8000_0000, 0x0100_0000, 0x7, 0], #HERE")],
     at(VM, "kernel.memory_regions[0]: overlaps the channels' addresses ivc (0x80fff000 to 0x81000fff); move it")),
    ("range over a device", [("vm", "emu_devices = []", 'emu_devices = [["ivc", 0x0a00_0000, 0x1000, 64, 0xa, []]]'),
                             ("vm", "base = 0x0a00_0000", "base = 0x0a00_0000 #HERE")],
     at(VM, "skerry.device[1].base: 0xa000000 overlaps the channels' addresses ivc (0xa000000 to 0xa000fff); move it")),
    ("two ranges", device('["ivc", 0xc00_0000, 0x1000, 64, 0xa, []], ["two", 0xc10_0000, 0x1000, 65, 0xa, []]'),
     at(VM, "devices.emu_devices[1]: two: there is another device of emu_type 0xa; remove one")),
    ("no such VM", channels('publisher = "a"', 'publisher = "x" #HERE'),
     at(SYSTEM, 'ivc.channel[0].publisher: "x" is no [[vm]] of this system; correct the name')),
    ("no such subscriber", channels('["b"]', '["x"] #HERE'),
     at(SYSTEM, 'ivc.channel[0].subscribers[0]: "x" is no [[vm]] of this system; correct the name')),
    ("a VM without a range", [DISKS, ("system", None, OTHERS + CHANNEL.replace('publisher = "a"', 'publisher = "a" #HERE'))],
     at(SYSTEM, "ivc.channel[0].publisher: a has no device of emu_type 0xa, which channels appear in; add one to emu_devices "
        "in its file")),
    ("size not of pages", channels("0x2000", "0x1800 #HERE"),
     at(SYSTEM, "ivc.channel[0].size: 0x1800 is not a multiple of 0x1000; give whole pages")),
    ("size 0", channels("0x2000", "0 #HERE"), at(SYSTEM, "ivc.channel[0].size: 0 is out of range; give 4096 to 1048576")),
    ("nobody subscribes", channels('["b"]', "[] #HERE"),
     at(SYSTEM, "ivc.channel[0].subscribers: is empty; name a VM, or remove the channel")),
    ("subscribes to itself", channels('["b"]', '["b", "a"] #HERE'),
     at(SYSTEM, "ivc.channel[0].subscribers: has a, which publishes the channel; remove it")),
    ("subscribes twice", channels('["b"]', '["b", "b"] #HERE'),
     at(SYSTEM, 'ivc.channel[0].subscribers[1]: "b" is there twice; remove one')),
    ("writes without subscription", channels('["b"]', '["b"]\nwrite = ["c"] #HERE'),
     at(SYSTEM, "ivc.channel[0].write: has c, which is no subscriber; add it there, or remove it here")),
    ("same key", channels("", "", CHANNEL.replace("key = 1", "key = 1 #HERE").replace('["b"]', '["c"]')),
     at(SYSTEM, "ivc.channel[1].key: 1 is another channel of a at configs/systems/s.toml:38; give another key")),
    ("more than its range", channels("size = 0x2000", "size = 0xf000", CHANNEL.replace("key = 1", "key = 2").replace(
        "size = 0x2000", "size = 0x2000 #HERE")),
     at(SYSTEM, "ivc.channel[1].size: the channels of a have 0x11000 bytes, and its range for them 0x10000; lower this, or "
        "enlarge the device in its file")),
    ("two cores", [DEVICE, DISKS, UART, ("system", None, OTHERS.replace(
        'name = "b"', 'name = "b"\ncore = 1') + CHANNEL.replace('["b"]', '["b"] #HERE'))],
     at(SYSTEM, "ivc.channel[0].subscribers: has b, which runs on core 1, and a on core 0; nothing crosses cores, place both "
        "on one")),
    ("too many pages", [(DEVICE[0], DEVICE[1], DEVICE[2].replace("0x1_0000", "0x40_0000")), DISKS,
                        ("system", None, OTHERS + "\n[ivc]\n" + "".join(
                            CHANNEL.replace("key = 1", f"key = {i}").replace("0x2000", "0x10_0000").replace('"b"', '"b", "c"')
                            for i in range(2)))],
     "configs/systems/s.toml:40: ivc.channel: takes 1536 pages on core 0 (the size of each, times one more than its subscribers); at most "
     "1024 fit, lower sizes"),
    ("unknown key", channels("key = 1", "key = 1\nkeys = 2 #HERE"),
     at(SYSTEM, "ivc.channel[0].keys: unknown key; did you mean key?")),
]
