# SPDX-License-Identifier: BSD-2-Clause
"""Whether this machine and VMM can serve a VM that its file describes rightly, and where its images lie in memory."""
import os

from skerryc import emulated, ivc, passthrough, places
from skerryc.vmfile import MAP_ALLOC, VM_TYPE_LINUX

MIB2 = 2 << 20
PAGE = 4096
# Three levels of stage-2 tables reach 39 bits; the next lower size that a guest's ID_AA64MMFR0_EL1 can say is 36.
# Four levels reach what the CPU has, at most 48: plan.py asks for them, boot code knows the CPU.
LOW_END = 1 << 36
ADDRESS_END = 1 << 48
NO_FILE = "does not exist, here or below the project's directory; build it, or correct the name"
DTB_BYTES = MIB2  # Linux wants its device tree within 2 MiB, from any 2 MiB boundary on
SMALL_DTB_BYTES = 0x1_0000  # for VMs too small for that
SMALL_RAM = 8 << 20
LINUX_ALIGN = 0x1_0000  # of a relocatable kernel's segments, which is enough for most
MAGIC_GZIP = b"\x1f\x8b"
MAGIC_ELF = b"\x7fELF"
MAGIC_LINUX = b"ARM\x64"  # at byte 56 of the Image header
FLAG_READ, FLAG_WRITE, FLAG_DEVICE, FLAG_UNCACHED = 1, 2, 0x10, 0x20


def check(vm, system):
    """system: its board, its drivers and the VMs before this one."""
    check_keys(vm)
    check_regions(vm, system)
    emulated.check(vm, system)
    passthrough.resolve(vm, system)
    check_devices(vm)


def check_keys(vm):
    kernel = vm.kernel
    # axvisor loads an initramfs through the slot of the BIOS on aarch64, which has none.
    if kernel["bios_path"] is not None:
        if kernel["ramdisk_path"] is not None:
            raise vm.error(("kernel", "bios_path"), "is the initramfs of a guest on aarch64, and there is ramdisk_path, too; "
                           "remove one")
        kernel["ramdisk_path"], kernel["ramdisk_load_addr"] = kernel["bios_path"], kernel["bios_load_addr"]
        vm.ramdisk_slot = "bios"
    if kernel["disk_path"] is not None:
        vm.note(("kernel", "disk_path"), "is not read, as in axvisor; a disk is an emu_device of type 0xE1, or a [[skerry.device]]")
    if len(kernel["cmdline"] or "") > 511:
        raise vm.error(("kernel", "cmdline"), "is longer than 511 characters; shorten it")


def check_regions(vm, system):
    if not vm.memory_regions:
        raise vm.error(("kernel", "memory_regions"), "is empty; give the VM memory: [[0x8000_0000, 0x1000_0000, 0x7, 0]]")
    for i, (gpa, size, flags, map_type) in enumerate(vm.memory_regions):
        path = ("kernel", "memory_regions", i)
        if size == 0:
            raise vm.error(path, "has size 0; give its bytes")
        if gpa % PAGE or size % PAGE:
            raise vm.error(path, f"0x{gpa:x} + 0x{size:x} is not on page boundaries; align both to 0x{PAGE:x}")
        if gpa + size > ADDRESS_END:
            raise vm.error(path, f"ends at 0x{gpa + size:x}; guests have 48 address bits at most, move it below 0x{ADDRESS_END:x}")
        if flags & FLAG_DEVICE:
            vm.note(path, f"flags 0x{flags:x} are a device's; left out, as in axvisor: list it in passthrough_devices")
            continue
        vm.region_numbers.append(i)
        if flags & FLAG_UNCACHED:
            raise vm.error(path, f"flags 0x{flags:x} ask for memory without caches, which no VM has; leave 0x20 out: the guest's own "
                           "tables can map it so")
        if not flags & FLAG_READ:
            raise vm.error(path, f"flags 0x{flags:x} are not those of memory, which can be read; add 1")
        for j in vm.region_numbers[:-1]:
            other, length = vm.memory_regions[j][:2]
            if gpa < other + length and other < gpa + size:
                raise vm.error(path, f"0x{gpa:x} to 0x{gpa + size - 1:x} overlaps memory_regions[{j}] "
                               f"(0x{other:x} to 0x{other + length - 1:x}); move one")
        if map_type != MAP_ALLOC:
            places.check_region(vm, system, path, gpa, size, map_type)
    vm.memory_regions = [vm.memory_regions[i] for i in vm.region_numbers]
    if not vm.memory_regions:
        raise vm.error(("kernel", "memory_regions"), "has no memory, devices alone; give the VM memory: [[0x8000_0000, 0x1000_0000, "
                       "0x7, 0]]")


def reach(vm):
    """The end of the highest range that the guest is to access."""
    ranges = [region[:2] for region in vm.memory_regions] + [(each.base_gpa, each.length) for each in vm.passthrough]
    ranges += [(device.base, device.length) for device in vm.devices]
    return max(base + size for base, size in ranges + [own[1:] for own in emulated.ranges(vm)])


def overlap(base, size, ranges):
    for name, start, length in ranges:
        if base < start + length and start < base + size:
            return f"{name} (0x{start:x} to 0x{start + length - 1:x})"
    return None


def check_devices(vm):
    """RAM, the parts of the VMM, what is passed through and what is served: no two share an address of the VM."""
    own = list(emulated.ranges(vm))
    for i, (name, base, size) in enumerate(own):
        what = overlap(base, size, own[:i])
        if what:
            raise vm.error(("devices", "emu_devices"), f"{name} (0x{base:x} to 0x{base + size - 1:x}) overlaps {what}; move one")
    for i, device in enumerate(vm.emu_devices):
        if device[4] == emulated.IVC:
            ivc.check_device(vm, i)
    for i, (gpa, size, *_) in enumerate(vm.memory_regions):
        what = overlap(gpa, size, own)
        if what:
            raise vm.error(vm.region(i), f"overlaps {what}; move it")
    taken = [(f"memory_regions[{vm.region(i)[-1]}]", *region[:2]) for i, region in enumerate(vm.memory_regions)] + own
    for each in vm.passthrough:
        if each.end > ADDRESS_END:
            raise vm.error(each.path, f"{each.name}: ends at 0x{each.end:x}; guests have 48 address bits at most, move it below "
                           f"0x{ADDRESS_END:x}")
        what = overlap(each.base_gpa, each.length, taken)
        if what:
            raise vm.error(each.path, f"{each.name}: 0x{each.base_gpa:x} to 0x{each.end - 1:x} overlaps {what}; move it")
    taken += [(each.name, each.base_gpa, each.length) for each in vm.passthrough]
    for device in vm.devices:
        if device.base + device.length > ADDRESS_END:
            raise device.table.error("base", f"0x{device.base:x} is out of a guest's reach; move it below 0x{ADDRESS_END:x}")
        what = overlap(device.base, device.length, taken)
        if what:
            raise device.table.error("base", f"0x{device.base:x} overlaps {what}; move it")


def search(directory, name, root):
    """Relative names count from the file's own directory, then from the root of the project."""
    for path in (os.path.join(directory, name), os.path.join(root, name)):
        if os.path.isfile(path):
            return path
    return None


def find_file(vm, key, name, root):
    path = search(os.path.dirname(vm.table.document.path), name, root)
    if path is None:
        raise vm.error(key, f'"{name}" {NO_FILE}')
    return path


def kernel_bytes(path):
    """What the kernel takes in memory: Linux's Image header says more than the file's length."""
    size = os.path.getsize(path)
    with open(path, "rb") as f:
        head = f.read(64)
    if is_linux(head):
        size = max(size, int.from_bytes(head[16:24], "little"))
    return size, head


def is_linux(head):
    return head[56:60] == MAGIC_LINUX


def bytes_in_file(path):
    """How far an Image's file reaches, as the PE header in it says (for UEFI); 0: it has none."""
    with open(path, "rb") as f:
        head = f.read(4096)
    at = int.from_bytes(head[60:64], "little")
    if not head.startswith(b"MZ") or head[at:at + 4] != b"PE\0\0":
        return 0
    count, optional = (int.from_bytes(head[at + i:at + i + 2], "little") for i in (6, 20))
    sections = (head[i:i + 40] for i in range(at + 24 + optional, at + 24 + optional + 40 * count, 40))
    return max((int.from_bytes(s[16:20], "little") + int.from_bytes(s[20:24], "little") for s in sections), default=0)


def check_linux(vm, path, head):
    """A Linux VM's kernel is a whole Image and runs from where its header says, counted from a 2 MiB boundary."""
    if vm.vm_type == VM_TYPE_LINUX and not is_linux(head):
        raise vm.error(("kernel", "kernel_path"), f'"{vm.kernel["kernel_path"]}" is no arm64 Image of Linux; give '
                       "arch/arm64/boot/Image, or set vm_type = 1 for another program")
    if is_linux(head) and bytes_in_file(path) > os.path.getsize(path):
        raise vm.error(("kernel", "kernel_path"), f'"{vm.kernel["kernel_path"]}" is cut short: it has {os.path.getsize(path)} '
                       f"bytes and {bytes_in_file(path)} by its header; copy it again")
    address, offset = vm.kernel["kernel_load_addr"], int.from_bytes(head[8:16], "little")
    if is_linux(head) and (address - offset) % MIB2 and (address - offset) % LINUX_ALIGN == 0:
        vm.note(("kernel", "kernel_load_addr"), f"0x{address:x} is no 2 MiB boundary + 0x{offset:x}; a relocatable kernel runs there, "
                "and warns")
    elif is_linux(head) and (address - offset) % MIB2:
        raise vm.error(("kernel", "kernel_load_addr"), f"0x{address:x} is not where this Linux image can run; use a 2 MiB "
                       f"boundary + 0x{offset:x}")


def place_images(vm, root):
    """Files and load addresses: {"kernel": (path, address), ...}, and the device tree's address."""
    kernel, files = vm.kernel, {}
    path = find_file(vm, ("kernel", "kernel_path"), kernel["kernel_path"], root)
    size, head = kernel_bytes(path)
    if head.startswith(MAGIC_GZIP):
        raise vm.error(("kernel", "kernel_path"), f'"{kernel["kernel_path"]}" is compressed; unpack it with gunzip')
    if head.startswith(MAGIC_ELF):
        raise vm.error(("kernel", "kernel_path"), f'"{kernel["kernel_path"]}" is an ELF file; give the flat binary')
    if size == 0:
        raise vm.error(("kernel", "kernel_path"), f'"{kernel["kernel_path"]}" is empty; build it again')
    taken = []
    check_linux(vm, path, head)
    place(vm, taken, "kernel", kernel["kernel_load_addr"], size)
    files["kernel"] = path, kernel["kernel_load_addr"]
    region_of(vm, "entry_point", kernel["entry_point"], 4, "is")
    for name in ("ramdisk", "dtb"):
        if kernel[name + "_path"] is not None:
            path = find_file(vm, ("kernel", slot(vm, name) + "_path"), kernel[name + "_path"], root)
            files[name] = path, kernel[name + "_load_addr"]
    top = kernel_region_end(vm)
    small = vm.memory_regions[0][1] <= SMALL_RAM
    reserve = SMALL_DTB_BYTES if small else DTB_BYTES
    address = kernel["dtb_load_addr"]
    # Given addresses first: what is free to go anywhere goes around them.
    if address is not None:
        if address % 8:
            raise vm.error(("kernel", "dtb_load_addr"), f"0x{address:x} is not a multiple of 8; align it")
        place(vm, taken, "dtb", address, 0x8000)
    ramdisk = files.get("ramdisk")
    if ramdisk and ramdisk[1] is not None:
        place(vm, taken, "ramdisk", ramdisk[1], os.path.getsize(ramdisk[0]))
    if address is None:
        address = below(vm, taken, "dtb", top, reserve, reserve)
    if ramdisk and ramdisk[1] is None:
        size = os.path.getsize(ramdisk[0])
        files["ramdisk"] = ramdisk[0], below(vm, taken, "ramdisk", top, size, PAGE)
    return files, address


def slot(vm, name):
    return vm.ramdisk_slot if name == "ramdisk" else name


def kernel_region_end(vm):
    load = vm.kernel["kernel_load_addr"]
    return next(gpa + size for gpa, size, *_ in vm.memory_regions if gpa <= load < gpa + size)


def below(vm, taken, name, top, size, align):
    """The highest free place under `top`."""
    address = max(top - size, 0) & -align
    for start, length, _ in sorted(taken, reverse=True):
        if address < start + length and start < address + size:
            address = max(start - size, 0) & -align
    place(vm, taken, name, address, size)
    return address


def region_of(vm, key, address, size, verb):
    """Regions that touch are one piece of memory."""
    at = address
    for gpa, length, *_ in sorted(vm.memory_regions):
        if gpa <= at < gpa + length:
            at = gpa + length
    if at < address + size or at == address:
        raise vm.error(("kernel", key), f"0x{address:x} {verb} not inside the VM's memory_regions; "
                       "move it or enlarge the memory")


def place(vm, taken, name, address, size):
    key = slot(vm, name) + "_load_addr"
    region_of(vm, key, address, size, f"and the {size} bytes from there on are")
    for start, length, other in taken:
        if address < start + length and start < address + size:
            raise vm.error(("kernel", key), f"0x{address:x} to 0x{address + size - 1:x} overlaps the {other} "
                           f"(0x{start:x} to 0x{start + length - 1:x}); move one")
    taken.append((address, size, name))
