/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host's device tree has at an address: for messages. The tree is firmware's, and checked.
 */
#include <libfdt.h>

#include "init.h"

#define CELLS 2 /* of an address or a size, at most */

static uint64_t cells(const fdt32_t *p, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 32 | fdt32_to_cpu(p[i]);
	return value;
}

static bool has(const void *tree, int node, uint64_t at)
{
	int parent = fdt_parent_offset(tree, node), length = 0;
	int address = fdt_address_cells(tree, parent), size = fdt_size_cells(tree, parent);
	const fdt32_t *reg = fdt_getprop(tree, node, "reg", &length);
	int step = address + size;

	if (!reg || parent < 0 || address < 1 || address > CELLS || size < 1 || size > CELLS)
		return false;
	for (int left = length / (int)sizeof(*reg); left >= step; left -= step, reg += step)
		if (at - cells(reg, address) < cells(reg + address, size))
			return true;
	return false;
}

/* The innermost node: parts are in what they are parts of. */
const char *place_name(uint64_t at)
{
	const void *tree = bundle_bytes(init.record->tree_base, init.record->tree_size);
	const char *name = NULL;

	if (!tree || fdt_check_full(tree, init.record->tree_size) != 0)
		return "nothing known";
	for (int node = fdt_next_node(tree, -1, NULL); node >= 0;
	     node = fdt_next_node(tree, node, NULL))
		if (has(tree, node, at))
			name = fdt_get_name(tree, node, NULL);
	return name ? name : "nothing known";
}
