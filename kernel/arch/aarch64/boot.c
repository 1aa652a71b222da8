/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot.h"

#include "sysreg.h"

#define TREE_MAGIC 0xd00dfeedu
#define TREE_LIMIT 0x200000u /* of the arm64 boot protocol */

extern uint8_t image_head[], rodata_start[], boot_start[], image_end[], boot_stack_top[];

/* Discarded with the rest of the boot part: the only variables there are. */
static struct boot boot;
static struct core_entry early;
static uint64_t tables[BOOT_TABLES][512] __attribute__((aligned(4096)));
static uint64_t tables_used;

static uint64_t *table_page(void *from)
{
	(void)from;
	return tables_used < BOOT_TABLES ? tables[tables_used++] : NULL;
}

void boot_map(struct boot *b, uint64_t base, uint64_t size, enum mmu_kind kind)
{
	uint64_t first = base & ~(PAGE - 1);

	if (base + size < base || (base + size) >> 48 != 0 ||
	    !mmu_map(&b->mmu, first, (base + size + PAGE - 1 - first) & ~(PAGE - 1), kind))
		boot_fail(b, "memory at %x, size %x, cannot be mapped", base, size);
}

static void boot_main(uint64_t unused) __attribute__((noreturn));

/*
 * With the MMU off: the map that is needed to go on, of the image and the device tree. Null: there
 * is no device tree.
 */
__attribute__((target("strict-align"))) struct core_entry *
boot_early(const void *tree, uint64_t level, uint64_t counter)
{
	const uint32_t *header = tree;
	uint64_t mask = PLAN_ALIGN - 1;
	uint64_t image = (uint64_t)image_head & ~mask, first = (uint64_t)tree & ~mask;
	uint64_t size;

	if (tree == NULL || (uint64_t)tree % 8 != 0 || __builtin_bswap32(header[0]) != TREE_MAGIC)
		return NULL;
	size = __builtin_bswap32(header[1]);
	if (size > TREE_LIMIT)
		return NULL;
	boot.level = (enum boot_level)level;
	boot.counter = counter;
	boot.tree = tree;
	boot.tree_size = size;
	boot.mmu.root = table_page(NULL);
	boot.mmu.page = table_page;
	boot.mmu.el1 = level != BOOT_EL2;
	mmu_map(&boot.mmu, image, (((uint64_t)image_end + mask) & ~mask) - image, MMU_BOOT);
	mmu_map(&boot.mmu, first, (((uint64_t)tree + size + mask) & ~mask) - first, MMU_BOOT);
	early.ttbr = (uint64_t)boot.mmu.root;
	early.tcr = mmu_tcr(boot.mmu.el1);
	early.mair = MMU_MAIR;
	early.sctlr = mmu_sctlr(boot.mmu.el1, false);
	early.stack = (uint64_t)boot_stack_top;
	early.main = (uint64_t)boot_main;
	return &early;
}

static void boot_main(uint64_t unused)
{
	struct boot *b = &boot;

	(void)unused;
	b->image = (uint64_t)image_head;
	b->rodata = (uint64_t)rodata_start;
	b->resident_end = (uint64_t)boot_start;
	b->image_end = (uint64_t)image_end;
	boot_all(b);
	__asm__ volatile("ic ialluis" ::: "memory");
	dsb(sy);
	for (uint32_t i = 1; i < b->cores; i++)
		boot_core_start(b, i);
	core_enter(b->core[0].entry);
}
