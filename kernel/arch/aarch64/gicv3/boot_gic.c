/* SPDX-License-Identifier: BSD-2-Clause */
/* The GICv3 of the machine, and the part of it that is a core's. */
#include "boot.h"
#include "boot_fdt.h"

#define GICR_TYPER 0x0008
#define GICR_TYPER_VLPIS 2u
#define GICR_TYPER_LAST 16u
#define GICR_FRAME 0x20000ull

void boot_gic_tree(struct boot *b)
{
	int node = boot_tree_reg(b, "arm,gic-v3", 0, &b->distributor), length = 0;
	const uint8_t *regions;
	uint64_t count = 1;

	if (node < 0 && (boot_tree_reg(b, "arm,cortex-a15-gic", 0, &b->distributor) >= 0 ||
			 boot_tree_reg(b, "arm,gic-400", 0, &b->distributor) >= 0))
		boot_fail(b, "this machine has a GICv2, this kernel is built for a GICv3: "
			     "start QEMU with -machine virt,gic-version=3,virtualization=on");
	if (node < 0)
		boot_fail(b, "no GICv3 in the device tree: start QEMU with "
			     "-machine virt,gic-version=3,virtualization=on");
	b->gic_name = "the interrupt controller's redistributors";
	regions = fdt_getprop(b->tree, node, "#redistributor-regions", &length);
	if (regions != NULL && length == 4)
		count = regions[3];
	for (uint64_t i = 0; i < count && i < BOOT_GIC_REGIONS; i++)
		if (boot_tree_reg(b, "arm,gic-v3", (int)i + 1, &b->gic[i]) >= 0)
			b->gic_count++;
	if (b->gic_count != count)
		boot_fail(b, "the GIC's redistributors are not all in the device tree");
}

/* Frames follow each other in a region; the one whose TYPER says Last ends it. (IHI 0069, 12.10) */
static uint64_t find_redistributor(const struct boot *b, uint64_t affinity)
{
	for (uint32_t i = 0; i < b->gic_count; i++) {
		uint64_t at = b->gic[i].base;
		uint64_t end = at + b->gic[i].size;

		while (end - at >= GICR_FRAME) {
			uint64_t typer = *(volatile uint64_t *)(at + GICR_TYPER);
			uint64_t stride = GICR_FRAME << ((typer & GICR_TYPER_VLPIS) != 0);
			uint64_t packed = (affinity & 0xffffff) | (affinity >> 32 & 0xff) << 24;

			if (typer >> 32 == packed)
				return at;
			if ((typer & GICR_TYPER_LAST) != 0 || stride > end - at)
				break;
			at += stride;
		}
	}
	return 0;
}

void boot_gic_find(const struct boot *b, struct boot_core *c, uint32_t cpu)
{
	c->gic.redistributor = find_redistributor(b, c->affinity);
	if (c->gic.redistributor == 0)
		boot_fail(b, "cpu %u has no redistributor", (uint64_t)cpu);
	c->gic.affinity = c->affinity;
}

bool boot_gic_map(const struct boot *b, const struct boot_core *c, struct mmu *m)
{
	return mmu_map(m, c->gic.redistributor, GICR_FRAME, MMU_DEVICE) &&
	       (c != &b->core[0] ||
		mmu_map(m, b->distributor.base, b->distributor.size, MMU_DEVICE));
}
