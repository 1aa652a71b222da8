/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vCPU's own hardware interrupts it with: its virtual timer and its performance monitors,
 * while it is loaded. Their physical interrupts become the guest's, linked through the list
 * register, so that the guest's end of interrupt deactivates both. The physical one is active for
 * as long; it belongs to the core, so it is given up when the vCPU is unloaded, and taken again
 * before the list registers are loaded.
 */
#include "arch.h"
#include "internal.h"
#include "monitor.h"
#include "port.h"

/* Unrolled: each switch of vCPUs comes here. */
#define for_each_source(i) _Pragma("GCC unroll 2") for (unsigned i = 0; i < VCPU_SOURCES; i++)

static const uint8_t ppi_of[VCPU_SOURCES] = {PPI_VIRTUAL_TIMER, PPI_MONITOR};

/* The output in the machine, or as it would be there. */
static bool level_high(const struct kernel *k, const struct vcpu *v, unsigned i)
{
	return i == VCPU_SOURCE_TIMER ? vtimer_high(k, v) : monitor_overflows(k, v);
}

/*
 * One that software made pending is there already and not linked, so its end would leave the
 * physical interrupt active, for whichever guest comes next. It goes first; the physical one is
 * held until then.
 */
void vppi_inject(struct kernel *k, struct vcpu *v, unsigned i)
{
	struct vppi *p = &v->arch.ppi[i];

	if (p->state != VPPI_LINKED && vgic_tell_end(k, v, ppi_of[i])) {
		if (k->loaded == v)
			p->state = VPPI_HELD;
		return;
	}
	p->state = VPPI_LINKED;
	vgic_inject(k, v, ppi_of[i], p->priority, IRQ_PENDING, VGIC_END_QUIET);
}

void vppi_fired(struct kernel *k, uint32_t number)
{
	struct vcpu *v = k->loaded;
	unsigned i = number == PPI_MONITOR ? VCPU_SOURCE_MONITOR : VCPU_SOURCE_TIMER;

	/* It was on its way when another vCPU was unloaded, or the guest stopped what made it. */
	if (v == 0 || !level_high(k, v, i)) {
		gic_deactivate(k, number);
	} else if (!v->arch.ppi[i].enabled) {
		v->arch.ppi[i].state = VPPI_HELD;
	} else {
		vppi_inject(k, v, i);
		vcpu_wake(k, v);
	}
}

void vppi_init(struct kernel *k, struct vcpu *v)
{
	for_each_source(i)
	{
		if (v->arch.ppi[i].state == VPPI_LINKED)
			vgic_retract(k, v, ppi_of[i], IRQ_PENDING | IRQ_ACTIVE);
		v->arch.ppi[i] = (struct vppi){0};
	}
}

void vppi_save(struct kernel *k, struct vcpu *v)
{
	for_each_source(i)
	{
		if (v->arch.ppi[i].state != VPPI_QUIET)
			gic_deactivate(k, ppi_of[i]);
		if (v->arch.ppi[i].state == VPPI_HELD)
			v->arch.ppi[i].state = VPPI_QUIET; /* it fires, and is held, again */
	}
}

void vppi_load(struct kernel *k, struct vcpu *v)
{
	for_each_source(i) if (v->arch.ppi[i].state != VPPI_QUIET) gic_ppi_set_active(k, ppi_of[i]);
}

/* ---- The virtual redistributor's part ---- */

/* No longer linked: a loaded vCPU's physical interrupt fires again, if it is high still. */
static void release(struct kernel *k, struct vcpu *v, unsigned i)
{
	v->arch.ppi[i].state = VPPI_QUIET;
	if (k->loaded == v)
		gic_deactivate(k, ppi_of[i]);
}

/*
 * A list register does not notice that the level went down before the guest took the interrupt:
 * then it was never pending. Nor does the kernel that the guest ended one.
 */
static void settle(struct kernel *k, struct vcpu *v, unsigned i)
{
	uint32_t states = vgic_retract(k, v, ppi_of[i], 0);

	if (states == 0) {
		v->arch.ppi[i].state = VPPI_QUIET;
	} else if (states == IRQ_PENDING && !level_high(k, v, i)) {
		vgic_retract(k, v, ppi_of[i], IRQ_PENDING);
		release(k, v, i);
	}
}

void vppi_settle(struct kernel *k, struct vcpu *v)
{
	for_each_source(i) if (v->arch.ppi[i].state == VPPI_LINKED && k->loaded == v)
	    settle(k, v, i);
}

/* The monitors' level is low in the machine while another is current: nothing fires in a wait. */
void vppi_poll(struct kernel *k, struct vcpu *v)
{
	const struct vppi *p = &v->arch.ppi[VCPU_SOURCE_MONITOR];

	vppi_settle(k, v);
	if (!p->enabled || p->state != VPPI_QUIET || !monitor_overflows(k, v))
		return;
	if (k->loaded == v)
		gic_ppi_set_active(k, PPI_MONITOR);
	vppi_inject(k, v, VCPU_SOURCE_MONITOR);
	vcpu_wake(k, v);
}

bool vppi_pends(struct kernel *k, const struct vcpu *v, uint32_t id)
{
	for_each_source(i) if (ppi_of[i] == id) return v->arch.ppi[i].state != VPPI_LINKED &&
	    level_high(k, v, i);
	return false;
}

void vppi_gone(struct kernel *k, struct vcpu *v, uint32_t id)
{
	for_each_source(i)
	{
		const struct vppi *p = &v->arch.ppi[i];

		if (ppi_of[i] == id &&
		    (p->state == VPPI_LINKED || (p->state == VPPI_HELD && p->enabled)))
			release(k, v, i);
	}
}

void arch_vcpu_source(struct kernel *k, struct vcpu *v, uint32_t source, uint16_t priority,
		      bool enabled)
{
	struct vppi *p = &v->arch.ppi[source];

	if (p->state == VPPI_LINKED && !enabled) {
		/* Disabled while active at the guest: the rest comes with its end of interrupt. */
		vgic_retract(k, v, ppi_of[source], IRQ_PENDING);
		if (vgic_retract(k, v, ppi_of[source], 0) == 0)
			release(k, v, source);
	} else if (p->state == VPPI_HELD && enabled) {
		release(k, v, source);
	}
	p->priority = priority;
	p->enabled = enabled;
	vppi_poll(k, v);
}
