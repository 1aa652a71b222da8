/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "arch.h"
#include "sysreg.h"

#define GICC_CTLR 0x0000u
#define GICC_PMR 0x0004u
#define GICC_BPR 0x0008u
#define GICC_APR 0x00d0u
#define GICC_DIR 0x1000u

/* The group that non-secure software has is the first bit, also where there is one group alone. */
#define CTLR_ENABLE 1u
#define CTLR_BYPASS 0x1e0u     /* of signals that are not the GIC's: as firmware left it */
#define CTLR_EOIMODE (1u << 9) /* GICC_EOIR drops the priority, GICC_DIR deactivates */

/* ---- Distributor: core 0's ---- */

/* IGROUPR is 0, or not ours to change: where it is, the first bit of GICD_CTLR is for Group 0. */
void gic_distributor_init(uint64_t distributor)
{
	uint32_t count = gic_distributor_interrupts(distributor);

	gic_write(distributor + GICD_CTLR, 0);
	for (uint32_t i = 32; i < count; i += 32) {
		gic_write(distributor + GICD_ICENABLER + i / 8, ~0u);
		gic_write(distributor + GICD_ICPENDR + i / 8, ~0u);
		gic_write(distributor + GICD_ICACTIVER + i / 8, ~0u);
		gic_write(distributor + GICD_IGROUPR + i / 8, 0);
	}
	for (uint32_t i = 32; i < count; i += 4) {
		gic_write(distributor + GICD_IPRIORITYR + i, PRIORITIES_4);
		gic_write(distributor + GICD_ITARGETSR + i, 0);
	}
	gic_write(distributor + GICD_CTLR, CTLR_ENABLE);
	dsb(sy);
}

/* ---- What is banked, and the CPU interface ---- */

/* Each of the first eight words has this core's bit in every byte; zero: it is the only core. */
static uint8_t own_target(uint64_t distributor)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < 32; i += 4)
		mask |= gic_read(distributor + GICD_ITARGETSR + i);
	return (uint8_t)(mask | mask >> 8 | mask >> 16 | mask >> 24);
}

void gic_core_init(struct kernel *k)
{
	struct gic *g = &k->arch.gic;

	g->target = own_target(g->banked);
	gic_write(g->banked + GICD_ICENABLER, ~0u);
	gic_write(g->banked + GICD_ICPENDR, ~0u);
	gic_write(g->banked + GICD_ICACTIVER, ~0u);
	gic_write(g->banked + GICD_IGROUPR, 0);
	for (uint32_t i = 0; i < 32; i += 4)
		gic_write(g->banked + GICD_IPRIORITYR + i, PRIORITIES_4);
	gic_write(g->banked + GICD_ISENABLER, 1u << PPI_MAINTENANCE | 1u << PPI_KERNEL_TIMER |
						  1u << PPI_VIRTUAL_TIMER | 1u << PPI_MONITOR);
	for (uint32_t i = 0; i < 16; i += 4)
		gic_write(g->cpu + GICC_APR + i, 0);
	gic_write(g->cpu + GICC_PMR, 0xff);
	gic_write(g->cpu + GICC_BPR, 0);
	gic_write(g->cpu + GICC_CTLR,
		  (gic_read(g->cpu + GICC_CTLR) & CTLR_BYPASS) | CTLR_ENABLE | CTLR_EOIMODE);
	dsb(sy);
}

void gic_core_off(struct kernel *k)
{
	const struct gic *g = &k->arch.gic;

	gic_write(g->cpu + GICC_CTLR, gic_read(g->cpu + GICC_CTLR) & CTLR_BYPASS);
	gic_write(g->banked + GICD_ICENABLER, ~0u);
	dsb(sy);
}

void gic_ppi_set_active(struct kernel *k, uint32_t number)
{
	gic_set_bit(k->arch.gic.banked + GICD_ISACTIVER, number);
	dsb(sy);
}

void gic_deactivate(const struct kernel *k, uint32_t number)
{
	gic_write(k->arch.gic.cpu + GICC_DIR, number);
}
