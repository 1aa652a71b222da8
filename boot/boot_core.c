/* SPDX-License-Identifier: BSD-2-Clause */
/* One core's init, built by core 0 in that core's memory, behind the core's kernel. */
#include "boot.h"

#define TABLE_BLOCK 0x200000ull /* one table of the last level covers this */
#define UPPER_TABLES 4u		/* of levels 1 and 2, and the last one of the boot pages */

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
