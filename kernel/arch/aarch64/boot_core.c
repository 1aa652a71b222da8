/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One core's kernel and init, built by core 0 in that core's memory. When the core enters, all it
 * needs lies there and nothing of it is mapped by another kernel.
 */
#include "boot.h"
#include "port.h"
#include "sysreg.h"

#define STACK_BYTES 0x4000ull
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
static uint64_t build_tables(struct boot *b, struct boot_core *c)
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

/* The page below the stack is not mapped; what core_enter reads lies above its top. */
static void build_stack(struct boot *b, struct boot_core *c)
{
	uint64_t base = (uint64_t)boot_alloc(b, c, PAGE + STACK_BYTES, PAGE);

	if (!ranges_remove(&c->all, base, PAGE))
		boot_fail(b, "RAM is in too many pieces");
	c->entry = (struct core_entry *)(base + PAGE + STACK_BYTES) - 1;
}

static void build_kernel(struct boot *b, struct boot_core *c, uint32_t number)
{
	struct kernel *k = boot_alloc(b, c, sizeof(struct kernel), PAGE);

	c->kernel = k;
	kernel_init(k);
	k->arch.stack_top = (uint64_t)c->entry;
	k->arch.gic = c->gic;
	if (number == 0) {
		k->arch.gic.distributor = b->distributor.base;
		k->arch.gic.interrupts = gic_distributor_interrupts(b->distributor.base);
	}
	k->arch.machine.vtcr = b->vtcr;
	k->arch.machine.cores = b->cores;
	for (uint32_t i = 0; i < b->cores; i++)
		k->arch.machine.affinity[i] = b->core[i].affinity;
	*c->entry = (struct core_entry){
	    .ttbr = build_tables(b, c),
	    .tcr = mmu_tcr(false),
	    .mair = MMU_MAIR,
	    .sctlr = mmu_sctlr(false, true),
	    .stack = (uint64_t)c->entry,
	    .main = (uint64_t)core_main,
	    .argument = (uint64_t)k,
	};
	cache_clean(c->entry, sizeof(*c->entry));
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

	build_stack(b, c);
	build_kernel(b, c, number);
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
	record->frequency = sysreg_read(cntfrq_el0);
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

void boot_core_start(struct boot *b, uint32_t number)
{
	struct boot_core *c = &b->core[number];
	int64_t status =
	    psci_call(PSCI_CPU_ON, c->affinity, (uint64_t)core_enter, (uint64_t)c->entry);

	if (status != 0)
		boot_fail(b, "core %u does not start: PSCI CPU_ON says -%u", (uint64_t)number,
			  (uint64_t)-status);
}
