/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/fuzz/boot/boot_host.c boot/boot_tree.c boot/boot_memory.c boot/boot_range.c */
/* sources: services/lib/fdt_write.c kernel/arch/aarch64/gicv3/boot_gic.c */
/*
 * The host's device tree as boot code reads it, and the split of the RAM that it tells of by any
 * plan. It ends in one line, or each core has RAM of its own that is nobody else's.
 */
#include "boot_host.h"
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "services/lib/fdt_write.h"

#define ROOM 0x4000u
#define RAM 0x40000000ull
#define RAM_BYTES 0x20000000ull
#define BUNDLE 0x48000000ull

REACH(read);
REACH(split);
REACH(failed);

static _Alignas(8) uint8_t tree[ROOM];
static struct boot boot;

static uint32_t cell(void)
{
	return (uint32_t)PICK(0, 0, 1, 2, 0x1000, 0x10000, 0x8000000, 0x80a0000, 0x9000000,
			      0x40000000, 0x40000fff, 0x48000000, 0x20000000, 0x80000000,
			      0xfffff000, 0xffffffff, test_random());
}

static void reg(struct fdt_write *w, const char *name, uint64_t base, uint64_t size)
{
	uint32_t cells[FDT_WRITE_CELLS] = {(uint32_t)(base >> 32), (uint32_t)base,
					   (uint32_t)(size >> 32), (uint32_t)size};
	size_t count = 4;

	while (once_in(3) && count < FDT_WRITE_CELLS)
		cells[count++] = cell();
	if (once_in(8))
		cells[test_random() % 4] = cell();
	fdt_write_cells(w, name, cells, once_in(16) ? count - 1 : count);
}

static void strange(struct fdt_write *w)
{
	static const char *const names[] = {
	    "reg", "ranges", "#address-cells", "#size-cells", "#redistributor-regions", "status"};
	const uint32_t cells[] = {cell(), cell(), cell(), cell(), cell(), cell()};

	if (once_in(4))
		fdt_write_cells(w, names[test_random() % 6], cells, 1 + test_random() % 6);
	if (once_in(16))
		fdt_write_text(w, "status", once_in(2) ? "okay" : "disabled");
}

static void cpus(struct fdt_write *w)
{
	fdt_write_begin(w, "cpus");
	fdt_write_cell(w, "#address-cells", once_in(8) ? cell() : 1);
	fdt_write_cell(w, "#size-cells", 0);
	for (uint64_t i = 0, n = once_in(24) ? 70 : PICK(1, 2, 4); i < n; i++) {
		fdt_write_begin_at(w, "cpu", i);
		fdt_write_text(w, "device_type", "cpu");
		fdt_write_cell(w, "reg", n > 4 ? (uint32_t)i : once_in(8) ? cell() : (uint32_t)i);
		fdt_write_end(w);
	}
	fdt_write_end(w);
}

static void memory(struct fdt_write *w)
{
	fdt_write_begin_at(w, "memory", RAM);
	fdt_write_text(w, "device_type", "memory");
	reg(w, "reg", RAM, RAM_BYTES);
	strange(w);
	fdt_write_end(w);
	for (uint64_t i = 0, n = once_in(24) ? 70 : PICK(0, 0, 1, 2); i < n; i++) {
		fdt_write_begin_at(w, "memory", i);
		fdt_write_text(w, "device_type", "memory");
		if (n > 2)
			fdt_write_reg(w, 0x100000000 + i * 0x400000, 0x200000);
		else
			reg(w, "reg", (uint64_t)cell() << test_random() % 9, cell());
		fdt_write_end(w);
	}
}

static void reserved(struct fdt_write *w)
{
	fdt_write_begin(w, "reserved-memory");
	fdt_write_cell(w, "#address-cells", 2);
	fdt_write_cell(w, "#size-cells", 2);
	fdt_write_flag(w, "ranges");
	for (uint64_t i = 0, n = once_in(24) ? 66 : PICK(0, 1, 3); i < n; i++) {
		fdt_write_begin_at(w, "kept", i);
		if (n > 3)
			fdt_write_reg(w, RAM + i * 0x10000, 0x1000);
		else
			reg(w, "reg", RAM + cell(), cell());
		fdt_write_end(w);
	}
	fdt_write_end(w);
}

static void chosen(struct fdt_write *w)
{
	fdt_write_begin(w, "chosen");
	fdt_write_text(w, "stdout-path", once_in(8) ? "/soc:115200" : "/soc/pl011@9000000:115200");
	if (once_in(2)) {
		fdt_write_cell(w, "linux,initrd-start",
			       (uint32_t)BUNDLE + (once_in(8) ? cell() : 0));
		fdt_write_cell(w, "linux,initrd-end", (uint32_t)BUNDLE + 0x100000);
	} else {
		fdt_write_u64(w, "linux,initrd-start", BUNDLE);
		fdt_write_u64(w, "linux,initrd-end", BUNDLE + (once_in(8) ? cell() : 0x100001));
	}
	fdt_write_end(w);
}

static void devices(struct fdt_write *w)
{
	fdt_write_begin(w, "soc");
	fdt_write_cell(w, "#address-cells", 2);
	fdt_write_cell(w, "#size-cells", 2);
	if (once_in(2))
		fdt_write_flag(w, "ranges");
	else
		fdt_write_cells(w, "ranges", (const uint32_t[]){0, 0, 0, 0, 0, cell() | 0x10000000},
				6);
	strange(w);
	fdt_write_begin_at(w, "pl011", 0x9000000);
	fdt_write_text(w, "compatible", "arm,pl011");
	reg(w, "reg", 0x9000000, 0x1000);
	fdt_write_end(w);
	fdt_write_begin_at(w, "intc", 0x8000000);
	fdt_write_text(w, "compatible", "arm,gic-v3");
	fdt_write_cells(w, "reg",
			(const uint32_t[]){0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000}, 8);
	strange(w);
	fdt_write_begin_at(w, "its", 0x8080000);
	fdt_write_text(w, "compatible", "arm,gic-v3-its");
	reg(w, "reg", 0x8080000, 0x20000);
	fdt_write_end(w);
	fdt_write_end(w);
	fdt_write_end(w);
}

static size_t make_tree(void)
{
	struct fdt_write w;
	int size;

	fdt_write_start(&w, tree, sizeof(tree));
	fdt_write_begin(&w, "");
	fdt_write_cell(&w, "#address-cells", 2);
	fdt_write_cell(&w, "#size-cells", 2);
	if (!once_in(16)) {
		fdt_write_begin(&w, "psci");
		fdt_write_text(&w, "compatible", "arm,psci-1.0");
		fdt_write_text(&w, "method", "smc");
		fdt_write_end(&w);
	}
	memory(&w);
	devices(&w);
	cpus(&w);
	reserved(&w);
	chosen(&w);
	fdt_write_end(&w);
	size = fdt_write_finish(&w);
	CHECK(size > 0);
	return once_in(2) ? (size_t)size : fuzz_edit(tree, (size_t)size, sizeof(tree));
}

static void read_tree(struct boot *b)
{
	boot_tree_console(b);
	boot_tree_machine(b);
}

static uint64_t bytes(void)
{
	return PICK(0, 1, 2, 16, 64, 100, 256) * PLAN_ALIGN;
}

/* As boot_bundle.c lets a plan through. */
static void plan(void)
{
	struct boot_plan *p = &boot.plan;

	boot.cores = p->core_count = (uint32_t)(1 + test_random() % 3);
	for (uint32_t i = 0; i < boot.cores; i++)
		p->cores[i].ram_bytes = i ? bytes() : PICK(0, bytes());
	for (uint64_t n = test_random() % 4; n > 0; n--) {
		struct plan_range *r = &p->ranges[p->range_count];
		const struct range last = {r[-(p->range_count != 0)].base,
					   r[-(p->range_count != 0)].size};

		*r = (struct plan_range){.base = RAM + test_random() % 0x20000 * PAGE,
					 .size = (1 + test_random() % 300) * PAGE,
					 .core = (uint32_t)(test_random() % boot.cores),
					 .kind = once_in(2)};
		if (!p->range_count || !range_overlap(&last, r->base, r->size))
			p->range_count++;
		if (p->range_count == 2)
			break;
	}
}

FUZZ(5000, 1024)
{
	const size_t size = make_tree();
	uint8_t *file = malloc(size + 1);

	CHECK(file);
	memcpy(file, tree, size);
	memset(&boot, 0, sizeof(boot));
	boot.level = once_in(32) ? BOOT_EL1 : BOOT_EL2;
	boot.tree = file;
	boot.tree_size = size;
	boot.image = RAM + 0x200000;
	boot.image_end = boot.image + 0x123000;
	boot.resident_end = boot.image + 0x100000;
	if (boot_tree_is_whole(&boot) && boot_host_run(read_tree, &boot)) {
		reached(read);
		boot_host_check_ranges(&boot.ram);
		boot_host_check_ranges(&boot.free);
		CHECK(boot.cpu_count <= BOOT_CPUS);
		CHECK(boot.gic_count <= BOOT_GIC_REGIONS);
		(void)boot_tree_part(&boot, PICK(0x8080000, cell()), cell());
		plan();
		if (boot_host_run(boot_memory_split, &boot)) {
			reached(split);
			boot_host_check_split(&boot);
		}
	}
	if (boot_host_said[0])
		reached(failed);
	free(file);
}
