/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "arch.h"
#include "arch_calls.h"
#include "sysreg.h"

/* Distributor; the redistributor's SGI_base has the same registers for INTIDs 0..31. */
#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GICD_IGROUPR 0x0080u
#define GICD_ISENABLER 0x0100u
#define GICD_ICENABLER 0x0180u
#define GICD_ISPENDR 0x0200u
#define GICD_ICPENDR 0x0280u
#define GICD_ISACTIVER 0x0300u
#define GICD_ICACTIVER 0x0380u
#define GICD_IPRIORITYR 0x0400u
#define GICD_ICFGR 0x0c00u
#define GICD_IROUTER 0x6000u
#define GICR_WAKER 0x0014u
#define GICR_SGI_BASE 0x10000u

#define CTLR_ARE_GROUP1 \
	0x12u /* ARE and EnableGrp1, in the views with one and with two security states */
#define CTLR_RWP (1u << 31)
#define WAKER_SLEEP 2u
#define WAKER_ASLEEP 4u

#define PRIORITY 0xa0u
#define PRIORITIES_4 0xa0a0a0a0u
#define INTID_SPECIAL 1020u
#define TRAP_IRQ_LIMIT 8
#define RWP_LIMIT 1000000 /* a GIC that does not answer must not hold the core for ever */

static inline uint32_t read32(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

static inline void write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

static void wait_clear(uint64_t address, uint32_t bits)
{
	for (uint32_t i = 0; i < RWP_LIMIT && (read32(address) & bits) != 0; i++)
		__asm__ volatile("yield");
}

static inline void set_bit(uint64_t registers, uint32_t number)
{
	write32(registers + number / 32 * 4, 1u << number % 32);
}

/* ---- Distributor: core 0's ---- */

uint32_t gic_distributor_interrupts(uint64_t distributor)
{
	uint32_t count = 32 * ((read32(distributor + GICD_TYPER) & 31) + 1);

	return count < INTID_SPECIAL ? count : INTID_SPECIAL;
}

void gic_distributor_init(uint64_t distributor)
{
	uint32_t count = gic_distributor_interrupts(distributor);

	write32(distributor + GICD_CTLR, 0);
	wait_clear(distributor + GICD_CTLR, CTLR_RWP);
	for (uint32_t i = 32; i < count; i += 32) {
		write32(distributor + GICD_ICENABLER + i / 8, ~0u);
		write32(distributor + GICD_ICPENDR + i / 8, ~0u);
		write32(distributor + GICD_ICACTIVER + i / 8, ~0u);
		write32(distributor + GICD_IGROUPR + i / 8, ~0u);
	}
	for (uint32_t i = 32; i < count; i += 4)
		write32(distributor + GICD_IPRIORITYR + i, PRIORITIES_4);
	wait_clear(distributor + GICD_CTLR, CTLR_RWP);
	write32(distributor + GICD_CTLR, CTLR_ARE_GROUP1);
	wait_clear(distributor + GICD_CTLR, CTLR_RWP);
}

bool arch_irq_valid(struct kernel *k, uint32_t number)
{
	return k->arch.gic.distributor != 0 && number >= 32 && number < k->arch.gic.interrupts;
}

void arch_irq_enable(struct kernel *k, uint32_t number, bool edge)
{
	uint64_t distributor = k->arch.gic.distributor;
	uint64_t config = distributor + GICD_ICFGR + number / 16 * 4;
	uint32_t trigger = 2u << number % 16 * 2, was = read32(config);

	arch_irq_disable(k, number);
	/* A pending one must not change its trigger: what was latched goes. */
	if (edge != ((was & trigger) != 0)) {
		set_bit(distributor + GICD_ICPENDR, number);
		write32(config, was ^ trigger);
	}
	*(volatile uint64_t *)(distributor + GICD_IROUTER + 8ull * number) = k->arch.gic.affinity;
	set_bit(distributor + GICD_ISENABLER, number);
}

/* Order: nothing new is taken, then what was in progress is forgotten. */
void arch_irq_disable(struct kernel *k, uint32_t number)
{
	uint64_t distributor = k->arch.gic.distributor;

	set_bit(distributor + GICD_ICENABLER, number);
	wait_clear(distributor + GICD_CTLR, CTLR_RWP);
	set_bit(distributor + GICD_ICACTIVER, number);
	dsb(sy);
}

bool gic_is_edge(const struct kernel *k, uint32_t number)
{
	uint32_t config = read32(k->arch.gic.distributor + GICD_ICFGR + number / 16 * 4);

	return (config & 2u << number % 16 * 2) != 0;
}

bool arch_irq_pending(struct kernel *k, uint32_t number)
{
	uint64_t pending = k->arch.gic.distributor + GICD_ISPENDR + number / 32 * 4;

	return (read32(pending) >> number % 32 & 1) != 0;
}

void arch_irq_pend(struct kernel *k, uint32_t number, bool pending)
{
	set_bit(k->arch.gic.distributor + (pending ? GICD_ISPENDR : GICD_ICPENDR), number);
	dsb(sy);
}

void arch_irq_done(struct kernel *k, uint32_t number)
{
	gic_deactivate(k, number);
}

/* ---- Redistributor and CPU interface ---- */

static void redistributor_init(uint64_t redistributor)
{
	uint64_t ppis = redistributor + GICR_SGI_BASE;
	uint32_t waker = read32(redistributor + GICR_WAKER);

	write32(redistributor + GICR_WAKER, waker & ~WAKER_SLEEP);
	wait_clear(redistributor + GICR_WAKER, WAKER_ASLEEP);
	write32(ppis + GICD_ICENABLER, ~0u);
	wait_clear(redistributor + GICD_CTLR, 1u << 3); /* GICR_CTLR.RWP */
	write32(ppis + GICD_ICPENDR, ~0u);
	write32(ppis + GICD_ICACTIVER, ~0u);
	write32(ppis + GICD_IGROUPR, ~0u);
	for (uint32_t i = 0; i < 32; i += 4)
		write32(ppis + GICD_IPRIORITYR + i, PRIORITIES_4);
	write32(ppis + GICD_ISENABLER, 1u << PPI_MAINTENANCE | 1u << PPI_KERNEL_TIMER |
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
	uint32_t waker = read32(redistributor + GICR_WAKER);

	sysreg_write(ICC_IGRPEN1_EL1, 0);
	isb();
	write32(redistributor + GICR_SGI_BASE + GICD_ICENABLER, ~0u);
	write32(redistributor + GICR_WAKER, waker | WAKER_SLEEP);
	dsb(sy);
}

void gic_ppi_set_active(struct kernel *k, uint32_t number)
{
	set_bit(k->arch.gic.redistributor + GICR_SGI_BASE + GICD_ISACTIVER, number);
	dsb(sy);
}

void gic_deactivate(const struct kernel *k, uint32_t number)
{
	(void)k;
	sysreg_write(ICC_DIR_EL1, number);
}

/*
 * The priority is dropped first: whoever handles the interrupt may deactivate it. The timer's
 * handler moves the deadline, so deactivating last does not make it fire twice.
 */
static void handle(struct kernel *k, uint32_t number)
{
	sysreg_write(ICC_EOIR1_EL1, number);
	switch (number) {
	case PPI_KERNEL_TIMER:
		kernel_timer_fired(k);
		break;
	case PPI_VIRTUAL_TIMER:
	case PPI_MONITOR:
		vppi_fired(k, number);
		return;
	case PPI_MAINTENANCE:
		vgic_maintenance(k);
		break;
	default:
		if (number >= 32) {
			irq_fired(k, number);
			return;
		}
		break;
	}
	isb();
	gic_deactivate(k, number);
}

struct context *trap_irq(struct kernel *k)
{
	for (int i = 0; i < TRAP_IRQ_LIMIT; i++) {
		uint32_t number = (uint32_t)sysreg_read(ICC_IAR1_EL1) & 0xffffff;

		if (number >= INTID_SPECIAL)
			break;
		dsb(sy);
		handle(k, number);
	}
	return sched_dispatch(k);
}
