/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's virtual timer. While its vCPU is loaded the hardware counts, and its physical
 * interrupt becomes the guest's: linked through the list register, so that the guest's end of
 * interrupt deactivates both. The physical one is active for as long; it belongs to the core, so it
 * is given up when the vCPU is unloaded, and taken again before the list registers are loaded.
 * Unloaded, a deadline stands in for it.
 */
#include "arch.h"
#include "internal.h"
#include "port.h"
#include "sysreg.h"

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u

/* The output of the timer in the machine. */
static bool level_high(void)
{
	return (sysreg_read(cntv_ctl_el0) & (CTL_ENABLE | CTL_IMASK | CTL_ISTATUS)) ==
	       (CTL_ENABLE | CTL_ISTATUS);
}

/* Is the interrupt pending or active at the guest? */
static bool in_care(struct kernel *k, struct vcpu *v)
{
	return arch_vcpu_irq_state(k, v, v->arch.timer.id) != 0;
}

/*
 * One that software made pending is there already and not linked, so its end would leave the
 * physical interrupt active, for whichever guest comes next. It goes first; the physical one is
 * held until then.
 */
static void link_and_inject(struct kernel *k, struct vcpu *v)
{
	struct vtimer *t = &v->arch.timer;

	if (t->state != VTIMER_LINKED && vgic_tell_end(k, v, t->id)) {
		if (k->loaded == v)
			t->state = VTIMER_HELD;
		return;
	}
	t->state = VTIMER_LINKED;
	vgic_inject(k, v, t->id, t->priority, IRQ_PENDING, VGIC_END_QUIET);
}

void vtimer_fired(struct kernel *k)
{
	struct vcpu *v = k->loaded;

	/* It was on its way when another vCPU was unloaded, or the guest stopped its timer. */
	if (v == 0 || !level_high()) {
		gic_deactivate(PPI_VIRTUAL_TIMER);
	} else if (!v->arch.timer.enabled) {
		v->arch.timer.state = VTIMER_HELD;
	} else {
		link_and_inject(k, v);
		vcpu_wake(k, v);
	}
}

void vtimer_init(struct kernel *k, struct vcpu *v)
{
	if (v->arch.timer.state == VTIMER_LINKED)
		vgic_retract(k, v, v->arch.timer.id, IRQ_PENDING | IRQ_ACTIVE);
	v->arch.timer = (struct vtimer){.id = PPI_VIRTUAL_TIMER};
}

/* ---- With the vCPU: the interrupt is looked up in memory, where vgic_save left it ---- */

void vtimer_save(struct kernel *k, struct vcpu *v)
{
	struct vtimer *t = &v->arch.timer;

	t->control = sysreg_read(cntv_ctl_el0) & (CTL_ENABLE | CTL_IMASK);
	t->compare = sysreg_read(cntv_cval_el0);
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	if (t->state == VTIMER_LINKED && !in_care(k, v))
		t->state = VTIMER_QUIET; /* the guest ended both */
	else if (t->state != VTIMER_QUIET)
		gic_deactivate(PPI_VIRTUAL_TIMER);
	if (t->state == VTIMER_HELD)
		t->state = VTIMER_QUIET; /* it fires, and is held, again */
}

void vtimer_load(struct kernel *k, struct vcpu *v)
{
	struct vtimer *t = &v->arch.timer;

	if (t->state == VTIMER_LINKED)
		gic_ppi_set_active(k, PPI_VIRTUAL_TIMER);
	sysreg_write(cntv_cval_el0, t->compare);
	sysreg_write(cntv_ctl_el0, t->control);
}

void vtimer_get(struct kernel *k, const struct vcpu *v, uint64_t *control, uint64_t *compare)
{
	const struct vtimer *t = &v->arch.timer;

	*control = k->loaded == v ? sysreg_read(cntv_ctl_el0) : t->control;
	*compare = k->loaded == v ? sysreg_read(cntv_cval_el0) : t->compare;
}

void vtimer_set(struct kernel *k, struct vcpu *v, uint64_t control, uint64_t compare)
{
	struct vtimer *t = &v->arch.timer;

	t->control = control & (CTL_ENABLE | CTL_IMASK);
	t->compare = compare;
	if (k->loaded == v) {
		sysreg_write(cntv_cval_el0, t->compare);
		sysreg_write(cntv_ctl_el0, t->control);
	}
}

/* ---- While not loaded ---- */

/* A timer whose interrupt is in the guest's hands comes back only when that has ended, so loaded.
 */
uint64_t arch_vcpu_deadline(const struct vcpu *v)
{
	const struct vtimer *t = &v->arch.timer;

	if (!t->enabled || t->state == VTIMER_LINKED ||
	    (t->control & (CTL_ENABLE | CTL_IMASK)) != CTL_ENABLE)
		return ~0ull;
	return t->compare;
}

void arch_vcpu_deadline_passed(struct kernel *k, struct vcpu *v)
{
	if (k->loaded != v && arch_vcpu_deadline(v) <= arch_now())
		link_and_inject(k, v);
}

/* ---- The virtual redistributor's part ---- */

/* No longer linked: a loaded vCPU's physical interrupt may fire again, if the timer still says so.
 */
static void release(struct kernel *k, struct vcpu *v)
{
	v->arch.timer.state = VTIMER_QUIET;
	if (k->loaded == v)
		gic_deactivate(PPI_VIRTUAL_TIMER);
}

/*
 * A list register does not notice that the timer's level went down before the guest took the
 * interrupt (the guest stopped it, or moved its deadline): then it was never pending.
 */
void vtimer_settle(struct kernel *k, struct vcpu *v)
{
	const struct vtimer *t = &v->arch.timer;

	if (t->state != VTIMER_LINKED || k->loaded != v || level_high() ||
	    vgic_retract(k, v, t->id, 0) != IRQ_PENDING)
		return;
	vgic_retract(k, v, t->id, IRQ_PENDING);
	release(k, v);
}

void vtimer_gone(struct kernel *k, struct vcpu *v, uint32_t id)
{
	const struct vtimer *t = &v->arch.timer;

	if (t->id == id && (t->state == VTIMER_LINKED || (t->state == VTIMER_HELD && t->enabled)))
		release(k, v);
}

void arch_vcpu_timer(struct kernel *k, struct vcpu *v, uint32_t id, uint16_t priority, bool enabled)
{
	struct vtimer *t = &v->arch.timer;

	if (t->state == VTIMER_LINKED && (!enabled || id != t->id)) {
		/* Disabled while active at the guest: the rest comes with its end of interrupt. */
		vgic_retract(k, v, t->id, id == t->id ? IRQ_PENDING : IRQ_PENDING | IRQ_ACTIVE);
		if (!in_care(k, v))
			release(k, v);
	} else if (t->state == VTIMER_HELD && enabled) {
		release(k, v);
	}
	t->id = (uint16_t)id;
	t->priority = priority;
	t->enabled = enabled;
}
