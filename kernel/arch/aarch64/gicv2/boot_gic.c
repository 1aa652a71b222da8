/* SPDX-License-Identifier: BSD-2-Clause */
/* The GICv2 of the machine. Its parts are banked: a core finds its own where all others do. */
#include "boot.h"
#include "boot_fdt.h"

/* Where each page of GICC is repeated sixteen times, its two pages meet here. */
#define ALIASED_BYTES 0x20000ull
#define ALIASED_OFFSET 0xf000ull

enum part { PART_CPU, PART_VIRTUAL, PARTS, PART_GUEST = PARTS };

static const char *const names[] = {"arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a7-gic"};

/* The tree's PPI is the one that the kernel takes. */
static void check_ppi(const struct boot *b, int node, int index, uint32_t number)
{
	uint32_t found = boot_tree_ppi(b, node, index);

	if (found != number)
		boot_fail(b, "the device tree has interrupt %u where this kernel takes %u",
			  (uint64_t)found, (uint64_t)number);
}

static void check_ppis(const struct boot *b, int gic)
{
	int timer = fdt_node_offset_by_compatible(b->tree, -1, "arm,armv8-timer");

	check_ppi(b, gic, 0, PPI_MAINTENANCE);
	check_ppi(b, timer, 2, PPI_VIRTUAL_TIMER);
	check_ppi(b, timer, 3, PPI_KERNEL_TIMER);
}

void boot_gic_tree(struct boot *b)
{
	int node = -1, at = 0;

	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]) && node < 0; i++) {
		at = (int)i;
		node = boot_tree_reg(b, names[i], 0, &b->distributor);
	}
	if (node < 0 && boot_tree_reg(b, "arm,gic-v3", 0, &b->distributor) >= 0)
		boot_fail(b, "this machine has a GICv3, this kernel is built for a GICv2: "
			     "start QEMU with -machine virt,gic-version=2,virtualization=on");
	if (node < 0)
		boot_fail(b, "no GICv2 in the device tree: start QEMU with "
			     "-machine virt,gic-version=2,virtualization=on");
	for (int i = 0; i <= PART_GUEST; i++)
		if (boot_tree_reg(b, names[at], i + 1, &b->gic[i]) < 0)
			boot_fail(b, "the GIC has no virtual interface in the device tree");
	b->gic_count = PARTS;
	b->gic_name = "the interrupt controller's interfaces";
	b->banked = b->gic[PART_GUEST].base;
	check_ppis(b, node);
}

void boot_gic_find(const struct boot *b, struct boot_core *c, uint32_t cpu)
{
	const struct range *r = &b->gic[PART_CPU];

	(void)cpu;
	c->gic.banked = b->distributor.base;
	c->gic.cpu = r->base + (r->size >= ALIASED_BYTES ? ALIASED_OFFSET : 0);
	c->gic.virtual = b->gic[PART_VIRTUAL].base;
}

bool boot_gic_map(const struct boot *b, const struct boot_core *c, struct mmu *m)
{
	(void)b;
	return mmu_map(m, c->gic.banked, PAGE, MMU_DEVICE) &&
	       mmu_map(m, c->gic.cpu, 2 * PAGE, MMU_DEVICE) &&
	       mmu_map(m, c->gic.virtual, PAGE, MMU_DEVICE);
}
