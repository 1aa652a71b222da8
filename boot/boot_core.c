/* SPDX-License-Identifier: BSD-2-Clause */
/* What core 0 does for all: each core's tables and init, built in that core's memory. */
#include "boot.h"

#define TABLE_BLOCK 0x200000ull /* one table of the last level covers this */
#define UPPER_TABLES 4u		/* of levels 1 and 2, and the last one of the boot pages */

struct table_source {
	struct boot *boot;
	struct boot_core *core;
};

static uint64_t *table_page(void *from)
{
	struct table_source *s = from;

	return boot_alloc(s->boot, s->core, PAGE, PAGE);
}

/* Text is shared by all cores; of RAM a kernel maps its own core's alone. */
uint64_t boot_tables(struct boot *b, struct boot_core *c)
{
	struct table_source source = {b, c};
	struct mmu m = {.page = table_page, .from = &source};
	bool done;

	m.root = table_page(&source);
	done = mmu_map(&m, b->image, b->rodata - b->image, MMU_TEXT) &&
	       mmu_map(&m, b->rodata, b->resident_end - b->rodata, MMU_RODATA) &&
	       boot_gic_map(b, c, &m);
	for (uint32_t i = 0; done && i < c->all.count; i++)
		done = mmu_map(&m, c->all.r[i].base, c->all.r[i].size, MMU_DATA);
	if (!done)
		boot_fail(b, "no memory for translation tables");
	return (uint64_t)m.root;
}

void boot_space_map(struct boot *b, struct boot_core *c, struct space *s, uint64_t va, uint64_t pa,
		    uint32_t attributes)
{
	enum status status = arch_space_map(c->kernel, s, va, pa, 12, attributes, false);

	if (status == EXISTS)
		boot_fail(b, "init: two segments share the page at %x", va);
	if (status != OK)
		boot_fail(b, "init: no table for the page at %x", va);
}

void boot_core_build(struct boot *b, uint32_t number)
{
	struct boot_core *c = &b->core[number];
	uint32_t data = SPACE_ATTR_READ | SPACE_ATTR_WRITE;
	struct boot_init init = {.core = number, .address_bits = b->address_bits};
	struct boot_record *record;
	uint64_t stack, tables;

	boot_kernel_build(b, number);
	init.cspace =
	    boot_alloc(b, c, sizeof(struct cspace) + BOOT_SLOTS * sizeof(struct cap), PAGE);
	init.space = boot_alloc(b, c, ARCH_SPACE_BYTES, ARCH_SPACE_ALIGN);
	init.thread = boot_alloc(b, c, sizeof(struct thread), PAGE);
	init.record_page = record = boot_alloc(b, c, PAGE, PAGE);
	init.buffer_page = boot_alloc(b, c, PAGE, PAGE);
	stack = (uint64_t)boot_alloc(b, c, BOOT_STACK_BYTES, PAGE);
	init.entry = boot_init_load(b, c);
	tables = UPPER_TABLES + c->image_bytes / TABLE_BLOCK + 1;
	tables = (uint64_t)boot_alloc(b, c, tables * PAGE, PAGE);
	boot_record_fill(b, c, number, record);
	init.frequency = record->frequency;
	init.record = record;
	if (kernel_start(c->kernel, &init, record) != OK)
		boot_fail(b, "the kernel of core %u did not start", (uint64_t)number);
	for (uint64_t i = 0; i < UPPER_TABLES + c->image_bytes / TABLE_BLOCK + 1; i++)
		space_pool_add(init.space, (void *)(tables + i * PAGE));
	boot_init_map(b, c, init.space);
	boot_space_map(b, c, init.space, BOOT_RECORD, (uint64_t)record, SPACE_ATTR_READ);
	boot_space_map(b, c, init.space, BOOT_BUFFER, (uint64_t)init.buffer_page, data);
	for (uint64_t at = 0; at < BOOT_STACK_BYTES; at += PAGE)
		boot_space_map(b, c, init.space, BOOT_STACK_TOP - BOOT_STACK_BYTES + at, stack + at,
			       data);
}

/* All there is to be said about the machine is checked before the first core is built. */
void boot_all(struct boot *b)
{
	if (!boot_tree_is_whole(b))
		boot_stop();
	boot_tree_console(b);
	if (b->console.size != 0)
		boot_map(b, b->console.base, b->console.size, MMU_DEVICE);
	boot_tree_machine(b);
	for (uint32_t i = 0; i < b->free.count; i++)
		boot_map(b, b->free.r[i].base, b->free.r[i].size, MMU_DATA);
	boot_bundle(b);
	boot_devices(b);
	boot_address_bits(b);
	boot_memory_split(b);
	for (uint32_t i = 0; i < b->cores; i++)
		boot_core_build(b, i);
}
