/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a device tree tells of nothing that the VM does not have: addresses (Devicetree
 * Specification 0.4, 2.3.5 to 2.3.8) and shared interrupts (2.4; Linux's binding of arm,gic-v3). A
 * node that is disabled, and all below it, may say what it likes.
 */
#include <libfdt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "services/vmm/arch/aarch64/tree.h"

#define DEPTH 16 /* of nodes; a bus in a bus in a bus is at 4 */
#define GIC_SPI 0u
#define FIRST_SPI 32u
#define FOREIGN 64 /* interrupt controllers looked up for interrupts-extended; each is a search */
#define GIC_CELLS 3
#define CELL ((int)sizeof(fdt32_t))

struct level { /* a node above, or the one that is looked at */
	int node;
	int address_cells, size_cells; /* of its children */
	bool mapped;		       /* its children's addresses lead to the VM's */
	uint32_t own, controller;      /* phandles: of its interrupts, of its children's */
};

struct check {
	struct arch_tree *t;
	const void *fdt;
	uint32_t gic; /* its phandle; 0: none */
	int gic_cells;
	uint32_t foreign;
	struct level levels[DEPTH];
	struct tree_seen seen;
};

static const void *property(const struct check *c, int node, const char *name, int *length)
{
	const void *value = fdt_getprop(c->fdt, node, name, length);

	if (!value)
		*length = 0;
	return value;
}

/* A property of one cell; `otherwise` if there is none. */
static uint32_t cell(const struct check *c, int node, const char *name, uint32_t otherwise)
{
	int length;
	const void *value = property(c, node, name, &length);

	return value && length == CELL ? (uint32_t)tree_number(value, 1) : otherwise;
}

static int problem(struct check *c, int node, const char *what)
{
	char path[96];

	if (fdt_get_path(c->fdt, node, path, sizeof(path)))
		(void)snprintf(path, sizeof(path), "%.80s", fdt_get_name(c->fdt, node, NULL));
	return tree_problem(c->t, "%s: %s", path, what);
}

static bool enabled(const struct check *c, int node)
{
	int length;
	const char *status = property(c, node, "status", &length);

	return !status ||
	       (length == sizeof("okay") && memcmp(status, "okay", sizeof("okay")) == 0) ||
	       (length == sizeof("ok") && memcmp(status, "ok", sizeof("ok")) == 0);
}

static bool one_or_two(int cells)
{
	return cells == 1 || cells == 2;
}

/* An address of a child of the node at `depth` becomes one of the VM's. */
static bool translate(const struct check *c, int depth, uint64_t *address, uint64_t size)
{
	for (int i = depth; i > 0; i--) {
		const struct level *bus = &c->levels[i], *above = &c->levels[i - 1];
		const int entry =
		    (bus->address_cells + above->address_cells + bus->size_cells) * CELL;
		bool found = false;
		int length;
		const uint8_t *at = property(c, bus->node, "ranges", &length);

		if (length == 0)
			continue;
		for (; length >= entry && !found; at += entry, length -= entry) {
			uint64_t child = tree_number(at, bus->address_cells);
			const uint8_t *next = at + bus->address_cells * CELL;
			uint64_t parent = tree_number(next, above->address_cells);
			uint64_t room =
			    tree_number(next + above->address_cells * CELL, bus->size_cells);

			found = *address - child < room && size <= room - (*address - child);
			if (found)
				*address += parent - child;
		}
		if (!found)
			return false;
	}
	return true;
}

static void mark(struct check *c, uint64_t address)
{
	const skerry_VmConfig *config = c->t->config;

	for (uint32_t i = 0; i < config->devices_count; i++) {
		if (config->devices[i].base == address)
			c->seen.served |= 1ull << i;
	}
	for (uint32_t i = 0; i < config->passed_devices_count; i++) {
		if (config->passed_devices[i].base == address)
			c->seen.passed |= 1ull << i;
	}
}

static int check_addresses(struct check *c, int depth)
{
	const struct level *bus = &c->levels[depth - 1];
	const int node = c->levels[depth].node;
	const int entry = (bus->address_cells + bus->size_cells) * CELL;
	char text[96];
	int length;
	const uint8_t *reg = property(c, node, "reg", &length);

	if (!reg || !bus->mapped)
		return 0;
	if (length % entry)
		return problem(c, node, "reg has no whole number of entries");
	for (; length > 0; reg += entry, length -= entry) {
		uint64_t address = tree_number(reg, bus->address_cells);
		uint64_t size = tree_number(reg + bus->address_cells * CELL, bus->size_cells);
		const uint64_t first = address;

		if (size == 0)
			continue;
		if (!translate(c, depth - 1, &address, size)) {
			(void)snprintf(text, sizeof(text), "0x%lx is in no range of its bus",
				       (unsigned long)first);
			return problem(c, node, text);
		}
		if (!c->t->has(c->t->host, address, size)) {
			(void)snprintf(text, sizeof(text),
				       "0x%lx to 0x%lx is no memory and no device of this VM",
				       (unsigned long)address, (unsigned long)(address + size - 1));
			return problem(c, node, text);
		}
		mark(c, address);
	}
	return 0;
}

/* One interrupt of the VM's controller. Each vCPU has all private ones. */
static int check_spi(struct check *c, int node, const uint8_t *cells)
{
	const uint32_t kind = (uint32_t)tree_number(cells, 1);
	const uint64_t irq = tree_number(cells + CELL, 1) + FIRST_SPI;
	char text[64];

	if (kind != GIC_SPI || c->t->has_irq(c->t->host, irq))
		return 0;
	(void)snprintf(text, sizeof(text), "interrupt %lu is of no device of this VM",
		       (unsigned long)irq);
	return problem(c, node, text);
}

static int check_interrupts(struct check *c, int depth)
{
	const int node = c->levels[depth].node, entry = c->gic_cells * CELL;
	int length, error = 0;
	const uint8_t *at = property(c, node, "interrupts", &length);

	if (!at || !c->gic || c->levels[depth].own != c->gic)
		return 0;
	if (length % entry)
		return problem(c, node, "interrupts has no whole number of entries");
	for (; length > 0 && !error; at += entry, length -= entry)
		error = check_spi(c, node, at);
	return error;
}

/* Cells of an interrupt of that controller; negative: none that can be known. */
static int cells_of(struct check *c, uint32_t phandle)
{
	int node;

	if (phandle == c->gic)
		return c->gic_cells;
	if (c->foreign++ >= FOREIGN)
		return -1;
	node = fdt_node_offset_by_phandle(c->fdt, phandle);
	return node < 0 ? -1 : (int)(cell(c, node, "#interrupt-cells", 0xffffffffu) & 0xffu);
}

static int check_extended(struct check *c, int depth)
{
	const int node = c->levels[depth].node;
	int length, error = 0;
	const uint8_t *at = property(c, node, "interrupts-extended", &length);

	while (at && length >= CELL && !error) {
		const uint32_t phandle = (uint32_t)tree_number(at, 1);
		const int entry = (1 + cells_of(c, phandle)) * CELL;

		if (entry <= 0 || entry > length)
			return problem(c, node, "interrupts-extended cannot be followed");
		if (phandle == c->gic && c->gic)
			error = check_spi(c, node, at + CELL);
		at += entry;
		length -= entry;
	}
	return error;
}

static void enter(struct check *c, int depth, int node)
{
	struct level *l = &c->levels[depth];
	const struct level *above = depth ? &c->levels[depth - 1] : NULL;
	int length;

	l->node = node;
	l->address_cells = fdt_address_cells(c->fdt, node);
	l->size_cells = fdt_size_cells(c->fdt, node);
	l->mapped = one_or_two(l->address_cells) && one_or_two(l->size_cells) &&
		    (!above || (above->mapped && property(c, node, "ranges", &length)));
	l->own = cell(c, node, "interrupt-parent", above ? above->controller : 0);
	l->controller =
	    property(c, node, "#interrupt-cells", &length) ? fdt_get_phandle(c->fdt, node) : l->own;
}

static int check_node(struct check *c, int depth)
{
	int error = check_addresses(c, depth);

	if (!error)
		error = check_interrupts(c, depth);
	return error ? error : check_extended(c, depth);
}

static void find_controller(struct check *c)
{
	const int node = tree_controller(c->fdt, c->t->config);

	c->gic = node < 0 ? 0 : fdt_get_phandle(c->fdt, node);
	c->gic_cells = node < 0 ? 0 : (int)(cell(c, node, "#interrupt-cells", GIC_CELLS) & 0xffu);
	if (c->gic_cells < GIC_CELLS)
		c->gic_cells = GIC_CELLS;
}

int tree_check(struct arch_tree *t, const void *fdt, struct tree_seen *seen)
{
	struct check c = {.t = t, .fdt = fdt};
	int depth = 0, off = INT_MAX; /* nodes deeper than `off` are disabled */
	int error = 0;

	find_controller(&c);
	enter(&c, 0, 0);
	for (int node = fdt_next_node(fdt, 0, &depth); node >= 0 && depth > 0 && !error;
	     node = fdt_next_node(fdt, node, &depth)) {
		if (depth > off)
			continue;
		off = enabled(&c, node) ? INT_MAX : depth;
		if (off == depth)
			continue;
		if (depth >= DEPTH)
			return problem(&c, node, "is nested too deep");
		enter(&c, depth, node);
		error = check_node(&c, depth);
	}
	*seen = c.seen;
	return error;
}
