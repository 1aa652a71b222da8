/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug registers and performance monitors of a vCPU (monitor.c): what every switch may have to do.
 * Inline, so that the switches that have nothing to do need no stack frame. */
#ifndef KERNEL_MONITOR_H
#define KERNEL_MONITOR_H

#include "el2.h"
#include "kernel.h"
#include "objects.h"
#include "sysreg.h"
#include "vcpu_groups.h"

static inline bool monitor_has_pmu(void) /* 0: none; 15: of another kind */
{
	return (((sysreg_read(id_aa64dfr0_el1) >> 8) + 1) & 15) > 1;
}

/* What a guest armed, by the two registers that turn all on. */
static inline uint64_t monitor_armed(const struct monitor *m)
{
	return ((m->mdscr & (MDSCR_SS | MDSCR_MDE)) != 0 ? MONITOR_DEBUG : 0ull) |
	       ((m->pmcr & PMCR_E) != 0 ? MONITOR_PMU : 0ull);
}

static inline void monitor_turn_on(const struct monitor *m, uint64_t parts)
{
	uint64_t trapped = 0;

	if (parts & MONITOR_DEBUG) {
		sysreg_write(mdscr_el1, m->mdscr);
		trapped |= MDCR_TDA;
	}
	if (parts & MONITOR_PMU) {
		sysreg_write(pmcr_el0, m->pmcr);
		trapped |= MDCR_TPM | MDCR_TPMCR;
	}
	sysreg_write(mdcr_el2, sysreg_read(mdcr_el2) & ~trapped);
}

/* v, which has something direct, becomes current. */
static inline void monitor_enter(const struct vcpu *v)
{
	monitor_turn_on(&v->arch.monitor, v->context.arch.direct);
}

/* It is no longer current. */
static inline void monitor_leave(struct vcpu *v)
{
	struct monitor *m = &v->arch.monitor;
	uint64_t direct = v->context.arch.direct;

	if (direct & MONITOR_DEBUG) {
		m->mdscr = sysreg_read(mdscr_el1);
		sysreg_write(mdscr_el1, 0);
	}
	if (direct & MONITOR_PMU) {
		m->pmcr = sysreg_read(pmcr_el0) & ~(PMCR_P | PMCR_C);
		sysreg_write(pmcr_el0, m->pmcr & ~PMCR_E);
	}
	sysreg_write(mdcr_el2, sysreg_read(mdcr_el2) | MDCR_TDA | MDCR_TPM | MDCR_TPMCR);
	v->context.arch.direct = direct & monitor_armed(m);
}

/* Before monitor_enter, when v may have been loaded anew: what is direct is in the machine. */
void monitor_load(struct vcpu *v);
void monitor_unload(struct vcpu *v); /* something is held, and v is no longer current */
/* v, which is current, accessed a register that trapped; true: done, or it does not trap now. */
bool monitor_take(struct vcpu *v, uint32_t reg, bool write, uint64_t value);
bool monitor_overflows(const struct kernel *k, const struct vcpu *v); /* the interrupt's level */
void monitor_get(const struct vcpu *v, struct vcpu_monitor_group *g);
void monitor_set(struct kernel *k, struct vcpu *v, const struct vcpu_monitor_group *g);

#endif
