/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/supplied_tree.c services/lib/fdt_write.c */
/* sources: services/vmm/arch/aarch64/tree.c services/vmm/arch/aarch64/tree_patch.c */
/* sources: services/vmm/arch/aarch64/tree_cpus.c services/vmm/arch/aarch64/tree_check.c */
/* sources: services/vmm/arch/aarch64/tree_devices.c */
/* sources: services/vmm/arch/aarch64/arch_config.c */
/*
 * A device tree that is supplied to a VM: nodes and properties of all kinds, and bytes that are
 * changed afterwards. It is refused, or what becomes of it is a tree, and a second reader finds
 * nothing at its root that is not the VM's.
 */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "supplied_tree.h"

#define NODES 24
#define DEEP 5

REACH(made_whole);
REACH(refused_with_reason);
REACH(bad_structure);

static const char *name_of_node(void)
{
	static const char *const names[] = {"serial", "cpus",	"cpu",	    "memory",
					    "intc",   "chosen", "psci",	    "soc",
					    "rtc",    "con",	"apb-pclk", "cpu-map"};

	return names[test_random() % 12];
}

static uint32_t number(void)
{
	return (uint32_t)PICK(0, 0, 1, 1, 2, 2, 3, 4, GIC, 8, PAGE, 0x9000000, 0x9010000, 0x8fff000,
			      0x80000000, 0x08000000, 0x080a0000, 0x10000, 0x20000, 0xffffffff,
			      test_random());
}

static void property(struct fdt_write *w)
{
	static const char *const numbers[] = {"reg",
					      "reg",
					      "ranges",
					      "interrupts",
					      "interrupts-extended",
					      "interrupt-parent",
					      "#address-cells",
					      "#size-cells",
					      "#interrupt-cells",
					      "phandle",
					      "linux,initrd-start"};
	static const char *const texts[] = {"status", "compatible", "device_type", "stdout-path",
					    "enable-method"};
	static const char *const values[] = {"okay",	     "disabled",       "arm,gic-v3",
					     "arm,pl011",    "memory",	       "cpu",
					     "/con@9000000", "serial0:115200", ""};
	const size_t which = test_random() % 16;
	uint32_t cells[8];

	if (which >= 11) {
		fdt_write_text(w, texts[which - 11], values[test_random() % 9]);
		return;
	}
	for (size_t i = 0; i < 8; i++)
		cells[i] = number();
	fdt_write_cells(w, numbers[which], cells, which >= 5 ? 1 : PICK(0, 1, 2, 3, 4, 4, 6, 8));
}

/* What a device of the VM has: right as long as nothing is changed. */
static void own_device(struct fdt_write *w)
{
	if (once_in(2))
		device(w, "serial", 0x9000000, 1);
	else
		device(w, "rtc", 0x9010000, 2);
}

static void bus(struct fdt_write *w)
{
	const uint32_t ranges[] = {0, 0, 0x8fff000, 2 * PAGE}, reg[] = {PAGE, PAGE};

	fdt_write_begin(w, "soc");
	fdt_write_cell(w, "#address-cells", 1);
	fdt_write_cell(w, "#size-cells", 1);
	fdt_write_cells(w, "ranges", ranges, 4);
	fdt_write_begin(w, "serial@1000");
	fdt_write_cells(w, "reg", reg, 2);
	fdt_write_end(w);
	fdt_write_end(w);
}

static void nodes(struct fdt_write *w)
{
	uint64_t depth = 0;

	for (uint64_t n = test_random() % NODES; n > 0; n--) {
		switch (test_random() % 8) {
		case 0:
			own_device(w);
			continue;
		case 1:
			bus(w);
			continue;
		case 2:
			if (depth > 0) {
				fdt_write_end(w);
				depth--;
			}
			continue;
		default:
			break;
		}
		if (depth == DEEP)
			continue;
		fdt_write_begin_at(w, name_of_node(), number());
		depth++;
		for (uint64_t p = test_random() % 4; p > 0; p--)
			property(w);
	}
	for (; depth > 0; depth--)
		fdt_write_end(w);
}

static uint64_t cells(const fdt32_t *at, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 32 | fdt32_to_cpu(at[i]);
	return value;
}

/* Of nodes at the root: their addresses are the VM's own, as nothing translates them. */
static void check_root(void)
{
	const int address = fdt_address_cells(out, 0), size = fdt_size_cells(out, 0);
	int node;

	if (address < 1 || address > 2 || size < 1 || size > 2)
		return;
	fdt_for_each_subnode(node, out, 0)
	{
		const char *status = fdt_getprop(out, node, "status", NULL);
		int length = 0;
		const fdt32_t *reg = fdt_getprop(out, node, "reg", &length);

		if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0)
			continue;
		for (int i = 0; reg && i + address + size <= length / 4; i += address + size) {
			const uint64_t bytes = cells(reg + i + address, size);

			if (bytes)
				CHECK(asked.has(NULL, cells(reg + i, address), bytes));
		}
	}
}

FUZZ(9000, 1024)
{
	size_t size;
	uint8_t *file;
	int result;

	supply((uint32_t)(1 + test_random() % 4), nodes);
	config.cpu_num = (uint32_t)(1 + test_random() % 2);
	config.has_cmdline = once_in(2);
	if (once_in(2))
		asked.initrd_size = asked.initrd = PAGE;
	size = fdt_totalsize(supplied);
	if (once_in(3))
		size = fuzz_edit(supplied, size, sizeof(supplied));
	file = malloc(size ? size : 1); /* aligned as a page is, for libfdt */
	CHECK(file);
	memcpy(file, supplied, size);
	result = arch_tree_patch(&asked, file, size, out,
				 once_in(8) ? test_random() % (size + 64) : sizeof(out));
	free(file);
	if (result >= 0) {
		reached(made_whole);
		CHECK_EQ(fdt_check_full(out, (size_t)result), 0);
		check_root();
	} else if (asked.problem[0]) {
		reached(refused_with_reason);
	} else {
		reached(bad_structure);
	}
}
