/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's device tree. It comes from firmware and may be anything: each value is checked before
 * use. */
#include "boot.h"
#include "boot_fdt.h"

#define TREE_DEPTH 8
#define HEADER_WORDS 10

/* `cells` big-endian words from `p` on. */
static uint64_t read_cells(const uint8_t *p, int cells)
{
	uint64_t value = 0;

	for (int i = 0; i < cells * 4; i++)
		value = value << 8 | p[i];
	return value;
}

static bool cells_fit(int address, int size)
{
	return address >= 1 && address <= 2 && size >= 0 && size <= 2;
}

static bool text_equal(const char *a, const char *b, int length)
{
	for (int i = 0; i < length; i++) {
		if (a[i] != b[i])
			return false;
		if (a[i] == 0)
			return true;
	}
	return false;
}

static bool property_is(const struct boot *b, int node, const char *name, const char *value)
{
	int length = 0;
	const char *text = fdt_getprop(b->tree, node, name, &length);

	return text != NULL && text_equal(text, value, length);
}

static bool disabled(const struct boot *b, int node)
{
	int length = 0;

	return fdt_getprop(b->tree, node, "status", &length) != NULL &&
	       !property_is(b, node, "status", "okay") && !property_is(b, node, "status", "ok");
}

/* From the addresses of a bus's children to those of its parent; false: not reachable from there.
 */
static bool translate(const struct boot *b, int bus, struct range *r)
{
	int parent = fdt_parent_offset(b->tree, bus), length = 0;
	const uint8_t *p = fdt_getprop(b->tree, bus, "ranges", &length);
	int child_cells, parent_cells, size_cells, step;

	if (p == NULL || parent < 0)
		return false;
	child_cells = fdt_address_cells(b->tree, bus);
	size_cells = fdt_size_cells(b->tree, bus);
	parent_cells = fdt_address_cells(b->tree, parent);
	if (length == 0)
		return true;
	if (!cells_fit(child_cells, size_cells) || !cells_fit(parent_cells, 0))
		return false;
	step = 4 * (child_cells + parent_cells + size_cells);
	for (; length >= step; length -= step, p += step) {
		uint64_t from = read_cells(p, child_cells);
		uint64_t to = read_cells(p + 4 * child_cells, parent_cells);
		uint64_t size = read_cells(p + 4 * (child_cells + parent_cells), size_cells);

		if (r->base >= from && r->base - from < size &&
		    r->size <= size - (r->base - from)) {
			r->base = r->base - from + to;
			return true;
		}
	}
	return false;
}

/* Entry `index` of a node's `reg`, as the CPU sees it. */
static bool node_reg(const struct boot *b, int node, int index, struct range *r)
{
	int bus = fdt_parent_offset(b->tree, node), length = 0;
	const uint8_t *p = fdt_getprop(b->tree, node, "reg", &length);
	int address_cells, size_cells, step;

	if (p == NULL || bus < 0)
		return false;
	address_cells = fdt_address_cells(b->tree, bus);
	size_cells = fdt_size_cells(b->tree, bus);
	step = 4 * (address_cells + size_cells);
	if (!cells_fit(address_cells, size_cells) || index >= length / step)
		return false;
	r->base = read_cells(p + index * step, address_cells);
	r->size = read_cells(p + index * step + 4 * address_cells, size_cells);
	for (int depth = 0; depth < TREE_DEPTH; depth++) {
		int parent = fdt_parent_offset(b->tree, bus);

		if (parent < 0)
			return r->base + r->size >= r->base;
		if (!translate(b, bus, r))
			return false;
		bus = parent;
	}
	return false;
}

/* libfdt reads the blocks as words wherever the header says that they are. */
bool boot_tree_is_whole(const struct boot *b)
{
	const uint32_t *header = (const void *)b->tree;

	return b->tree_size >= HEADER_WORDS * sizeof(*header) &&
	       __builtin_bswap32(header[2]) % 4 == 0 && __builtin_bswap32(header[4]) % 8 == 0 &&
	       fdt_check_full(b->tree, b->tree_size) == 0;
}

void boot_tree_console(struct boot *b)
{
	int chosen = fdt_path_offset(b->tree, "/chosen"), length = 0, end = 0, node;
	const char *path = fdt_getprop(b->tree, chosen, "stdout-path", &length);

	if (chosen < 0 || path == NULL)
		return;
	while (end < length && path[end] != 0 && path[end] != ':')
		end++;
	node = fdt_path_offset_namelen(b->tree, path, end);
	for (uint32_t i = 0; node >= 0 && i < BOOT_UARTS; i++)
		if (fdt_node_check_compatible(b->tree, node, boot_uarts[i].compatible) == 0)
			b->uart = &boot_uarts[i];
	if (b->uart == NULL || !node_reg(b, node, 0, &b->console))
		b->console.size = 0;
}

static void tree_memory(struct boot *b)
{
	int node;
	struct range r;

	for (node = fdt_first_subnode(b->tree, 0); node >= 0;
	     node = fdt_next_subnode(b->tree, node)) {
		if (!property_is(b, node, "device_type", "memory") || disabled(b, node))
			continue;
		for (int i = 0; node_reg(b, node, i, &r); i++)
			if (!ranges_add(&b->ram, r.base, r.size))
				boot_fail(b, "more than %u memory ranges", (uint64_t)RANGES);
	}
	if (b->ram.count == 0)
		boot_fail(b, "no memory in the device tree");
}

static void tree_initrd(struct boot *b)
{
	int chosen = fdt_path_offset(b->tree, "/chosen"), from_length = 0, to_length = 0;
	const uint8_t *from = fdt_getprop(b->tree, chosen, "linux,initrd-start", &from_length);
	const uint8_t *to = fdt_getprop(b->tree, chosen, "linux,initrd-end", &to_length);

	if (from == NULL || to == NULL || (from_length != 4 && from_length != 8) ||
	    (to_length != 4 && to_length != 8))
		boot_fail(b, "no bundle: give it to the boot loader as initrd (QEMU: -initrd)");
	b->bundle.base = read_cells(from, from_length / 4);
	b->bundle.size = read_cells(to, to_length / 4) - b->bundle.base;
	if (b->bundle.size == 0 || b->bundle.base + b->bundle.size < b->bundle.base)
		boot_fail(b, "the initrd at %x has no size", b->bundle.base);
}

static void tree_cpus(struct boot *b)
{
	int cpus = fdt_path_offset(b->tree, "/cpus"), node, cells, length;

	if (cpus < 0)
		boot_fail(b, "no cpus in the device tree");
	cells = fdt_address_cells(b->tree, cpus);
	for (node = fdt_first_subnode(b->tree, cpus); node >= 0;
	     node = fdt_next_subnode(b->tree, node)) {
		const uint8_t *reg = fdt_getprop(b->tree, node, "reg", &length);

		if (!property_is(b, node, "device_type", "cpu") || reg == NULL)
			continue;
		if (cells < 1 || cells > 2 || length < 4 * cells || b->cpu_count == BOOT_CPUS)
			break;
		b->affinities[b->cpu_count++] = read_cells(reg, cells) & 0xff00ffffffull;
	}
}

int boot_tree_reg(const struct boot *b, const char *compatible, int index, struct range *r)
{
	int node = fdt_node_offset_by_compatible(b->tree, -1, compatible);

	return node >= 0 && node_reg(b, node, index, r) ? node : -1;
}

uint32_t boot_tree_ppi(const struct boot *b, int node, int index)
{
	int length = 0;
	const uint8_t *p = fdt_getprop(b->tree, node, "interrupts", &length);

	if (p == NULL || length < 12 * (index + 1) || read_cells(p + 12 * index, 1) != 1)
		return 0;
	return 16 + (uint32_t)read_cells(p + 12 * index + 4, 1);
}

static void tree_psci(struct boot *b)
{
	int node = fdt_node_offset_by_compatible(b->tree, -1, "arm,psci-1.0");

	if (node < 0)
		node = fdt_node_offset_by_compatible(b->tree, -1, "arm,psci-0.2");
	b->psci = node >= 0;
	b->psci_smc = node >= 0 && property_is(b, node, "method", "smc");
}

/* What firmware keeps is in the reservation map or below /reserved-memory. */
static void tree_reserved(struct boot *b)
{
	int node = fdt_path_offset(b->tree, "/reserved-memory");
	struct range r;

	for (int i = 0; i < fdt_num_mem_rsv(b->tree); i++)
		if (fdt_get_mem_rsv(b->tree, i, &r.base, &r.size) == 0)
			boot_reserve(b, r.base, r.size);
	if (node < 0)
		return;
	for (node = fdt_first_subnode(b->tree, node); node >= 0;
	     node = fdt_next_subnode(b->tree, node))
		for (int i = 0; node_reg(b, node, i, &r); i++)
			boot_reserve(b, r.base, r.size);
}

void boot_tree_machine(struct boot *b)
{
	tree_psci(b);
	if (b->level == BOOT_EL1)
		boot_fail(b, "EL2 is needed, this is EL1: start QEMU with -machine "
			     "NAME,virtualization=on");
	if (b->level == BOOT_E2H)
		boot_fail(b, "this CPU has HCR_EL2.E2H fixed to 1, which is not supported");
	if (!b->psci_smc)
		boot_fail(b, "no PSCI by SMC in the device tree");
	boot_gic_tree(b);
	tree_memory(b);
	tree_initrd(b);
	tree_cpus(b);
	b->free = b->ram;
	tree_reserved(b);
}

/*
 * What a device must not be, beside the parts that the kernel itself uses: who has one of these has
 * all memory.
 */
const char *boot_tree_part(const struct boot *b, uint64_t base, uint64_t size)
{
	static const struct {
		const char *compatible, *name;
	} parts[] = {{"arm,gic-v3-its", "the interrupt translation service"},
		     {"arm,smmu-v3", "the IOMMU"}};
	struct range r;

	for (uint32_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int node = -1;

		while ((node = fdt_node_offset_by_compatible(b->tree, node, parts[i].compatible)) >=
		       0)
			if (node_reg(b, node, 0, &r) && range_overlap(&r, base, size))
				return parts[i].name;
	}
	return NULL;
}
