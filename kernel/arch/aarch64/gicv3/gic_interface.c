/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "arch.h"
#include "sysreg.h"

#define GICR_WAKER 0x0014u
#define GICR_SGI_BASE 0x10000u

#define CTLR_ARE_GROUP1 \
	0x12u /* ARE and EnableGrp1, in the views with one and with two security states */
#define CTLR_RWP (1u << 31)
#define WAKER_SLEEP 2u
#define WAKER_ASLEEP 4u

#define RWP_LIMIT 1000000 /* a GIC that does not answer must not hold the core for ever */

static void wait_clear(uint64_t address, uint32_t bits)
{
	for (uint32_t i = 0; i < RWP_LIMIT && (gic_read(address) & bits) != 0; i++)
		__asm__ volatile("yield");
}

/* ---- Distributor: core 0's ---- */

void gic_settle(uint64_t distributor)
{
	wait_clear(distributor + GICD_CTLR, CTLR_RWP);
}

void gic_distributor_init(uint64_t distributor)
{
	uint32_t count = gic_distributor_interrupts(distributor);

	gic_write(distributor + GICD_CTLR, 0);
	gic_settle(distributor);
	for (uint32_t i = 32; i < count; i += 32) {
		gic_write(distributor + GICD_ICENABLER + i / 8, ~0u);
		gic_write(distributor + GICD_ICPENDR + i / 8, ~0u);
		gic_write(distributor + GICD_ICACTIVER + i / 8, ~0u);
		gic_write(distributor + GICD_IGROUPR + i / 8, ~0u);
	}
	for (uint32_t i = 32; i < count; i += 4)
		gic_write(distributor + GICD_IPRIORITYR + i, PRIORITIES_4);
	gic_settle(distributor);
	gic_write(distributor + GICD_CTLR, CTLR_ARE_GROUP1);
	gic_settle(distributor);
}

/* ---- Redistributor and CPU interface ---- */

static void redistributor_init(uint64_t redistributor)
{
	uint64_t ppis = redistributor + GICR_SGI_BASE;
	uint32_t waker = gic_read(redistributor + GICR_WAKER);

	gic_write(redistributor + GICR_WAKER, waker & ~WAKER_SLEEP);
	wait_clear(redistributor + GICR_WAKER, WAKER_ASLEEP);
	gic_write(ppis + GICD_ICENABLER, ~0u);
	wait_clear(redistributor + GICD_CTLR, 1u << 3); /* GICR_CTLR.RWP */
	gic_write(ppis + GICD_ICPENDR, ~0u);
	gic_write(ppis + GICD_ICACTIVER, ~0u);
	gic_write(ppis + GICD_IGROUPR, ~0u);
	for (uint32_t i = 0; i < 32; i += 4)
		gic_write(ppis + GICD_IPRIORITYR + i, PRIORITIES_4);
	gic_write(ppis + GICD_ISENABLER, 1u << PPI_MAINTENANCE | 1u << PPI_KERNEL_TIMER |
					     1u << PPI_VIRTUAL_TIMER | 1u << PPI_MONITOR);
	dsb(sy);
}

void gic_core_init(struct kernel *k)
{
	sysreg_write(ICC_SRE_EL2, 0xf); /* system registers at EL2, and EL1 may have them too */
	isb();
	sysreg_write(ICC_SRE_EL1, 7);
	isb();
	redistributor_init(k->arch.gic.redistributor);
	sysreg_write(ICC_PMR_EL1, 0xff);
	sysreg_write(ICC_BPR1_EL1, 0);
	sysreg_write(ICC_CTLR_EL1,
		     2); /* EOImode: ICC_EOIR1 drops the priority, ICC_DIR deactivates */
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

void gic_core_off(struct kernel *k)
{
	uint64_t redistributor = k->arch.gic.redistributor;
	uint32_t waker = gic_read(redistributor + GICR_WAKER);

	sysreg_write(ICC_IGRPEN1_EL1, 0);
	isb();
	gic_write(redistributor + GICR_SGI_BASE + GICD_ICENABLER, ~0u);
	gic_write(redistributor + GICR_WAKER, waker | WAKER_SLEEP);
	dsb(sy);
}

void gic_ppi_set_active(struct kernel *k, uint32_t number)
{
	gic_set_bit(k->arch.gic.redistributor + GICR_SGI_BASE + GICD_ISACTIVER, number);
	dsb(sy);
}

void gic_deactivate(const struct kernel *k, uint32_t number)
{
	(void)k;
	sysreg_write(ICC_DIR_EL1, number);
}
