/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's virtual timer. While its vCPU is loaded the hardware counts, and interrupts
 * (vppi.c). Unloaded, a deadline stands in for it.
 */
#include "arch.h"
#include "internal.h"
#include "port.h"
#include "sysreg.h"

#define CTL_ENABLE 1u
#define CTL_IMASK 2u

static bool counts(uint64_t control)
{
	return (control & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
}

void vtimer_save(struct vcpu *v)
{
	struct vtimer *t = &v->arch.timer;

	t->control = sysreg_read(cntv_ctl_el0) & (CTL_ENABLE | CTL_IMASK);
	t->compare = sysreg_read(cntv_cval_el0);
	sysreg_write(cntv_ctl_el0, 0);
	isb();
}

void vtimer_load(const struct vcpu *v)
{
	sysreg_write(cntv_cval_el0, v->arch.timer.compare);
	sysreg_write(cntv_ctl_el0, v->arch.timer.control);
}

void vtimer_get(const struct kernel *k, const struct vcpu *v, uint64_t *control, uint64_t *compare)
{
	const struct vtimer *t = &v->arch.timer;

	*control = k->loaded == v ? sysreg_read(cntv_ctl_el0) : t->control;
	*compare = k->loaded == v ? sysreg_read(cntv_cval_el0) : t->compare;
}

bool vtimer_high(const struct kernel *k, const struct vcpu *v)
{
	uint64_t control, compare;

	vtimer_get(k, v, &control, &compare);
	return counts(control) && compare <= arch_now();
}

void vtimer_set(struct kernel *k, struct vcpu *v, uint64_t control, uint64_t compare)
{
	v->arch.timer = (struct vtimer){control & (CTL_ENABLE | CTL_IMASK), compare};
	if (k->loaded == v)
		vtimer_load(v);
}

/* ---- While not loaded ---- */

/* A timer whose interrupt the guest has comes back only when that has ended, so loaded. */
uint64_t arch_vcpu_deadline(const struct vcpu *v)
{
	const struct vppi *p = &v->arch.ppi[VCPU_SOURCE_TIMER];

	if (!p->enabled || p->state == VPPI_LINKED || !counts(v->arch.timer.control))
		return ~0ull;
	return v->arch.timer.compare;
}

void arch_vcpu_deadline_passed(struct kernel *k, struct vcpu *v)
{
	if (k->loaded != v && arch_vcpu_deadline(v) <= arch_now())
		vppi_inject(k, v, VCPU_SOURCE_TIMER);
}
