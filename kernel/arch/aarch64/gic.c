/* SPDX-License-Identifier: BSD-2-Clause */
/* What GICv2 and GICv3 have in common; the rest is in the link's gic_interface.c. */
#include "gic.h"

#include "arch.h"
#include "arch_calls.h"
#include "sysreg.h"

#define TRAP_IRQ_LIMIT 8

uint32_t gic_distributor_interrupts(uint64_t distributor)
{
	uint32_t count = 32 * ((gic_read(distributor + GICD_TYPER) & 31) + 1);

	return count < INTID_SPECIAL ? count : INTID_SPECIAL;
}

bool arch_irq_valid(struct kernel *k, uint32_t number)
{
	return k->arch.gic.distributor != 0 && number >= 32 && number < k->arch.gic.interrupts;
}

void arch_irq_enable(struct kernel *k, uint32_t number, bool edge)
{
	uint64_t distributor = k->arch.gic.distributor;
	uint64_t config = distributor + GICD_ICFGR + number / 16 * 4;
	uint32_t trigger = 2u << number % 16 * 2, was = gic_read(config);

	arch_irq_disable(k, number);
	/* A pending one must not change its trigger: what was latched goes. */
	if (edge != ((was & trigger) != 0)) {
		gic_set_bit(distributor + GICD_ICPENDR, number);
		gic_write(config, was ^ trigger);
	}
	gic_route(k, distributor, number);
	gic_set_bit(distributor + GICD_ISENABLER, number);
}

/* Order: nothing new is taken, then what was in progress is forgotten. */
void arch_irq_disable(struct kernel *k, uint32_t number)
{
	uint64_t distributor = k->arch.gic.distributor;

	gic_set_bit(distributor + GICD_ICENABLER, number);
	gic_settle(distributor);
	gic_set_bit(distributor + GICD_ICACTIVER, number);
	dsb(sy);
}

bool gic_is_edge(const struct kernel *k, uint32_t number)
{
	uint32_t config = gic_read(k->arch.gic.distributor + GICD_ICFGR + number / 16 * 4);

	return (config & 2u << number % 16 * 2) != 0;
}

bool arch_irq_pending(struct kernel *k, uint32_t number)
{
	uint64_t pending = k->arch.gic.distributor + GICD_ISPENDR + number / 32 * 4;

	return (gic_read(pending) >> number % 32 & 1) != 0;
}

void arch_irq_pend(struct kernel *k, uint32_t number, bool pending)
{
	gic_set_bit(k->arch.gic.distributor + (pending ? GICD_ISPENDR : GICD_ICPENDR), number);
	dsb(sy);
}

void arch_irq_done(struct kernel *k, uint32_t number)
{
	gic_deactivate(k, number);
}

/*
 * The priority is dropped first: whoever handles the interrupt may deactivate it. The timer's
 * handler moves the deadline, so deactivating last does not make it fire twice.
 */
static void handle(struct kernel *k, uint32_t acknowledged)
{
	uint32_t number = GIC_NUMBER(acknowledged);

	gic_drop(k, acknowledged);
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
		uint32_t acknowledged = gic_acknowledge(k);

		if (GIC_NUMBER(acknowledged) >= INTID_SPECIAL)
			break;
		dsb(sy);
		handle(k, acknowledged);
	}
	return sched_dispatch(k);
}
