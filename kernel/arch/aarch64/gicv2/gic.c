/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "arch.h"
#include "arch_calls.h"
#include "sysreg.h"

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
#define GICD_ITARGETSR 0x0800u
#define GICD_ICFGR 0x0c00u
#define GICC_CTLR 0x0000u
#define GICC_PMR 0x0004u
#define GICC_BPR 0x0008u
#define GICC_IAR 0x000cu
#define GICC_EOIR 0x0010u
#define GICC_APR 0x00d0u
#define GICC_DIR 0x1000u

/* The group that non-secure software has is the first bit, also where there is one group alone. */
#define CTLR_ENABLE 1u
#define CTLR_BYPASS 0x1e0u     /* of signals that are not the GIC's: as firmware left it */
#define CTLR_EOIMODE (1u << 9) /* GICC_EOIR drops the priority, GICC_DIR deactivates */
#define IAR_ID 0x3ffu	       /* above, the CPU an SGI comes from */

#define PRIORITIES_4 0xa0a0a0a0u
#define INTID_SPECIAL 1020u
#define TRAP_IRQ_LIMIT 8

static inline uint32_t read32(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

static inline void write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
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

/* IGROUPR is 0, or not ours to change: where it is, the first bit of GICD_CTLR is for Group 0. */
void gic_distributor_init(uint64_t distributor)
{
	uint32_t count = gic_distributor_interrupts(distributor);

	write32(distributor + GICD_CTLR, 0);
	for (uint32_t i = 32; i < count; i += 32) {
		write32(distributor + GICD_ICENABLER + i / 8, ~0u);
		write32(distributor + GICD_ICPENDR + i / 8, ~0u);
		write32(distributor + GICD_ICACTIVER + i / 8, ~0u);
		write32(distributor + GICD_IGROUPR + i / 8, 0);
	}
	for (uint32_t i = 32; i < count; i += 4) {
		write32(distributor + GICD_IPRIORITYR + i, PRIORITIES_4);
		write32(distributor + GICD_ITARGETSR + i, 0);
	}
	write32(distributor + GICD_CTLR, CTLR_ENABLE);
	dsb(sy);
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
	*(volatile uint8_t *)(distributor + GICD_ITARGETSR + number) = k->arch.gic.target;
	set_bit(distributor + GICD_ISENABLER, number);
}

/* Order: nothing new is taken, then what was in progress is forgotten. */
void arch_irq_disable(struct kernel *k, uint32_t number)
{
	uint64_t distributor = k->arch.gic.distributor;

	set_bit(distributor + GICD_ICENABLER, number);
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

/* ---- What is banked, and the CPU interface ---- */

/* Each of the first eight words has this core's bit in every byte; zero: it is the only core. */
static uint8_t own_target(uint64_t distributor)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < 32; i += 4)
		mask |= read32(distributor + GICD_ITARGETSR + i);
	return (uint8_t)(mask | mask >> 8 | mask >> 16 | mask >> 24);
}

void gic_core_init(struct kernel *k)
{
	struct gic *g = &k->arch.gic;

	g->target = own_target(g->banked);
	write32(g->banked + GICD_ICENABLER, ~0u);
	write32(g->banked + GICD_ICPENDR, ~0u);
	write32(g->banked + GICD_ICACTIVER, ~0u);
	write32(g->banked + GICD_IGROUPR, 0);
	for (uint32_t i = 0; i < 32; i += 4)
		write32(g->banked + GICD_IPRIORITYR + i, PRIORITIES_4);
	write32(g->banked + GICD_ISENABLER, 1u << PPI_MAINTENANCE | 1u << PPI_KERNEL_TIMER |
						1u << PPI_VIRTUAL_TIMER | 1u << PPI_MONITOR);
	for (uint32_t i = 0; i < 16; i += 4)
		write32(g->cpu + GICC_APR + i, 0);
	write32(g->cpu + GICC_PMR, 0xff);
	write32(g->cpu + GICC_BPR, 0);
	write32(g->cpu + GICC_CTLR,
		(read32(g->cpu + GICC_CTLR) & CTLR_BYPASS) | CTLR_ENABLE | CTLR_EOIMODE);
	dsb(sy);
}

void gic_core_off(struct kernel *k)
{
	const struct gic *g = &k->arch.gic;

	write32(g->cpu + GICC_CTLR, read32(g->cpu + GICC_CTLR) & CTLR_BYPASS);
	write32(g->banked + GICD_ICENABLER, ~0u);
	dsb(sy);
}

void gic_ppi_set_active(struct kernel *k, uint32_t number)
{
	set_bit(k->arch.gic.banked + GICD_ISACTIVER, number);
	dsb(sy);
}

void gic_deactivate(const struct kernel *k, uint32_t number)
{
	write32(k->arch.gic.cpu + GICC_DIR, number);
}

/*
 * The priority is dropped first: whoever handles the interrupt may deactivate it. The timer's
 * handler moves the deadline, so deactivating last does not make it fire twice.
 */
static void handle(struct kernel *k, uint32_t acknowledged)
{
	uint32_t number = acknowledged & IAR_ID;

	write32(k->arch.gic.cpu + GICC_EOIR, acknowledged);
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
	gic_deactivate(k, number);
}

struct context *trap_irq(struct kernel *k)
{
	for (int i = 0; i < TRAP_IRQ_LIMIT; i++) {
		uint32_t acknowledged = read32(k->arch.gic.cpu + GICC_IAR);

		if ((acknowledged & IAR_ID) >= INTID_SPECIAL)
			break;
		dsb(sy);
		handle(k, acknowledged);
	}
	return sched_dispatch(k);
}
