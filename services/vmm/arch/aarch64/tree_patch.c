/* SPDX-License-Identifier: BSD-2-Clause */
/* A supplied device tree: its memory and chosen nodes are made those of this VM. */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "services/vmm/vmm_arch.h"

/* All nodes of memory go: what the VM has replaces what the file says. */
static int remove_memory(void *fdt)
{
	int node;

	while ((node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory",
						     sizeof("memory"))) >= 0) {
		int error = fdt_del_node(fdt, node);

		if (error)
			return error;
	}
	return node == -FDT_ERR_NOTFOUND ? 0 : node;
}

/* `value` as the root's cells have it: one or two. */
static int append(void *fdt, int node, const char *name, uint64_t value, int count)
{
	if (count == 2)
		return fdt_appendprop_u64(fdt, node, name, value);
	return value >> 32 ? -FDT_ERR_BADVALUE
			   : fdt_appendprop_u32(fdt, node, name, (uint32_t)value);
}

static int add_memory(void *fdt, const skerry_MemoryRegion *r)
{
	const int address_cells = fdt_address_cells(fdt, 0), size_cells = fdt_size_cells(fdt, 0);
	char name[32];
	int node, error;

	if (address_cells < 0 || size_cells < 0)
		return -FDT_ERR_BADNCELLS;
	snprintf(name, sizeof(name), "memory@%lx", (unsigned long)r->gpa);
	node = fdt_add_subnode(fdt, 0, name);
	if (node < 0)
		return node;
	error = fdt_setprop(fdt, node, "device_type", "memory", sizeof("memory"));
	if (!error)
		error = append(fdt, node, "reg", r->gpa, address_cells);
	return error ? error : append(fdt, node, "reg", r->size, size_cells);
}

static int remove_property(void *fdt, int node, const char *name)
{
	int error = fdt_delprop(fdt, node, name);

	return error == -FDT_ERR_NOTFOUND ? 0 : error;
}

/* The initrd of this VM: what the file says of another one would have Linux reserve its place. */
static int set_initrd(void *fdt, int node, const struct arch_tree *t)
{
	int error = remove_property(fdt, node, "linux,initrd-start");

	if (!error)
		error = remove_property(fdt, node, "linux,initrd-end");
	if (error || !t->initrd_size)
		return error;
	error = fdt_setprop_u64(fdt, node, "linux,initrd-start", t->initrd);
	return error ? error
		     : fdt_setprop_u64(fdt, node, "linux,initrd-end", t->initrd + t->initrd_size);
}

static int set_chosen(void *fdt, const struct arch_tree *t)
{
	int node = fdt_path_offset(fdt, "/chosen"), error = 0;

	if (node == -FDT_ERR_NOTFOUND)
		node = fdt_add_subnode(fdt, 0, "chosen");
	if (node < 0)
		return node;
	if (t->config->has_cmdline)
		error = fdt_setprop(fdt, node, "bootargs", t->config->cmdline,
				    (int)strlen(t->config->cmdline) + 1);
	return error ? error : set_initrd(fdt, node, t);
}

int arch_tree_patch(const struct arch_tree *t, const void *from, size_t size, void *to, size_t room)
{
	int error;

	/* libfdt reads both blocks as words wherever the header says that they are. */
	if (size < sizeof(struct fdt_header) || fdt_off_dt_struct(from) % FDT_TAGSIZE ||
	    fdt_off_mem_rsvmap(from) % sizeof(uint64_t) || fdt_check_full(from, size))
		return -FDT_ERR_BADSTRUCTURE;
	error = fdt_open_into(from, to, (int)room);
	if (!error)
		error = remove_memory(to);
	for (uint32_t i = t->config->memory_regions_count; !error && i > 0; i--) {
		if (!(t->config->memory_regions[i - 1].flags & AXVM_FLAG_DEVICE))
			error = add_memory(to, &t->config->memory_regions[i - 1]);
	}
	if (!error)
		error = set_chosen(to, t);
	if (!error)
		error = fdt_pack(to);
	return error ? error : (int)fdt_totalsize(to);
}
