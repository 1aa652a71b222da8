/* SPDX-License-Identifier: BSD-2-Clause */
/* A supplied device tree: memory, processors, controller, chosen and devices become this VM's. */
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "services/vmm/arch/aarch64/arch_vm.h"
#include "services/vmm/arch/aarch64/tree.h"

#define SIZED_VERSION 17 /* from it on, the header has the size of the structure block */

int tree_problem(struct arch_tree *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!t->problem[0])
		(void)vsnprintf(t->problem, sizeof(t->problem), format, args);
	va_end(args);
	return -FDT_ERR_BADVALUE;
}

uint64_t tree_number(const void *at, int cells)
{
	const fdt32_t *cell = at;
	uint64_t value = fdt32_ld(cell);

	return cells == 1 ? value : value << 32 | fdt32_ld(cell + 1);
}

int tree_text(void *fdt, int node, const char *name, const char *text)
{
	return fdt_setprop(fdt, node, name, text, (int)strlen(text) + 1);
}

int tree_append(void *fdt, int node, const char *name, uint64_t value, int cells)
{
	if (cells == 2)
		return fdt_appendprop_u64(fdt, node, name, value);
	return cells != 1 || value >> 32 ? -FDT_ERR_BADVALUE
					 : fdt_appendprop_u32(fdt, node, name, (uint32_t)value);
}

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
		error = tree_append(fdt, node, "reg", r->gpa, address_cells);
	return error ? error : tree_append(fdt, node, "reg", r->size, size_cells);
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
		error = tree_text(fdt, node, "bootargs", t->config->cmdline);
	return error ? error : set_initrd(fdt, node, t);
}

/* Whether stdout-path leads to a node. Options may come after its path or alias. */
static bool stdout_is_there(const void *fdt, int chosen)
{
	const char *path = fdt_stringlist_get(fdt, chosen, "stdout-path", 0, NULL);

	return path && fdt_path_offset_namelen(fdt, path, (int)strcspn(path, ":")) >= 0;
}

/* Of the file's, or the first UART: all that are here by now are the VM's. */
static int set_stdout(void *fdt)
{
	int node = fdt_path_offset(fdt, "/chosen");
	char path[96];
	int uart;

	if (node < 0 || stdout_is_there(fdt, node))
		return node < 0 ? node : 0;
	uart = fdt_node_offset_by_compatible(fdt, -1, "arm,pl011");
	if (uart < 0 || fdt_get_path(fdt, uart, path, sizeof(path)))
		return remove_property(fdt, node, "stdout-path");
	return tree_text(fdt, node, "stdout-path", path);
}

int tree_controller(const void *fdt, const skerry_VmConfig *c)
{
	static const char *const v2[] = {GICV2_COMPATIBLE, "arm,gic-400", "arm,cortex-a7-gic"};
	int node = -FDT_ERR_NOTFOUND;

	if (arch_gic_version(c) != 2)
		return fdt_node_offset_by_compatible(fdt, -1, GICV3_COMPATIBLE);
	for (size_t i = 0; i < sizeof(v2) / sizeof(v2[0]) && node < 0; i++)
		node = fdt_node_offset_by_compatible(fdt, -1, v2[i]);
	return node;
}

/*
 * A board has more redistributors than the VM, or the hypervisor's part of a GICv2. Where the parts
 * are is not changed: tree_check finds what is elsewhere.
 */
static int set_controller(void *fdt, const skerry_VmConfig *c)
{
	const bool v2 = arch_gic_version(c) == 2;
	const uint64_t values[] = {arch_controller(c, EMU_GIC_DISTRIBUTOR, ARCH_GICD_BASE),
				   VGIC_DIST_SIZE,
				   v2 ? arch_controller(c, EMU_GIC_CPU, ARCH_GICC_BASE)
				      : arch_controller(c, EMU_GIC_REDISTRIBUTOR, ARCH_GICR_BASE),
				   v2 ? ARCH_GICC_SIZE : (uint64_t)VGIC_REDIST_STRIDE * c->cpu_num};
	const int node = tree_controller(fdt, c);
	const int parent = node < 0 ? node : fdt_parent_offset(fdt, node);
	int cells[2], length = 0, error = 0;
	const fdt32_t *reg;

	if (parent < 0)
		return 0;
	cells[0] = fdt_address_cells(fdt, parent);
	cells[1] = fdt_size_cells(fdt, parent);
	reg = fdt_getprop(fdt, node, "reg", &length);
	if (!reg || cells[0] < 1 || cells[0] > 2 || cells[1] < 1 || cells[1] > 2 ||
	    length < 2 * (cells[0] + cells[1]) * (int)sizeof(*reg) ||
	    tree_number(reg, cells[0]) != values[0] ||
	    tree_number(reg + cells[0] + cells[1], cells[0]) != values[2])
		return 0;
	error = fdt_delprop(fdt, node, "reg");
	for (int i = 0; i < 4 && !error; i++)
		error = tree_append(fdt, node, "reg", values[i], cells[i % 2]);
	return error;
}

/* How far its blocks reach. What dumped it may have left room behind them: QEMU leaves 1 MiB. */
static size_t used(const void *fdt)
{
	const size_t ends[] = {(size_t)fdt_off_dt_strings(fdt) + fdt_size_dt_strings(fdt),
			       (size_t)fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt),
			       fdt_off_mem_rsvmap(fdt) + ((size_t)fdt_num_mem_rsv(fdt) + 1) *
							     sizeof(struct fdt_reserve_entry)};
	size_t end = 0;

	if (fdt_version(fdt) < SIZED_VERSION)
		return fdt_totalsize(fdt);
	for (int i = 0; i < 3; i++)
		end = ends[i] > end ? ends[i] : end;
	return end;
}

/* libfdt reads the blocks as words wherever the header says that they are. */
static int copy(const void *from, size_t size, void *to, size_t room)
{
	size_t bytes;

	if (size < sizeof(struct fdt_header) || fdt_off_dt_struct(from) % FDT_TAGSIZE ||
	    fdt_off_mem_rsvmap(from) % sizeof(uint64_t) || fdt_check_full(from, size))
		return -FDT_ERR_BADSTRUCTURE;
	bytes = used(from);
	if (bytes > room - room % sizeof(uint64_t))
		return -FDT_ERR_NOSPACE;
	memcpy(to, from, bytes);
	/* Blocks in another order are put into theirs behind it, as words again. */
	fdt_set_totalsize(to, (uint32_t)((bytes + 7) & ~7ul));
	return fdt_open_into(to, to, (int)room);
}

static int set_memory(void *fdt, const skerry_VmConfig *c)
{
	int error = remove_memory(fdt);

	for (uint32_t i = c->memory_regions_count; !error && i > 0; i--) {
		if (!(c->memory_regions[i - 1].flags & AXVM_FLAG_DEVICE))
			error = add_memory(fdt, &c->memory_regions[i - 1]);
	}
	return error;
}

int arch_tree_patch(struct arch_tree *t, const void *from, size_t size, void *to, size_t room)
{
	struct tree_seen seen = {0};
	int error;

	t->problem[0] = '\0';
	error = copy(from, size, to, room);
	if (!error)
		error = set_memory(to, t->config);
	if (!error)
		error = tree_set_cpus(t, to);
	if (!error)
		error = set_controller(to, t->config);
	if (!error)
		error = set_chosen(to, t);
	if (!error)
		error = tree_check(t, to, &seen);
	if (!error)
		error = tree_add_devices(t, to, seen);
	if (!error)
		error = set_stdout(to);
	if (!error)
		error = fdt_pack(to);
	return error ? error : (int)fdt_totalsize(to);
}
