/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's debug registers and performance monitors. Their accesses trap until the first; then the
 * vCPU's are put into the machine, where they stay until it is unloaded, and its accesses are
 * direct. A service would be stopped or counted by what a guest armed, so when the vCPU leaves for
 * another context, exceptions and counters are turned off. What armed nothing by then traps again:
 * only vCPUs that debug or count pay. (Arm ARM D2.9, D11.)
 */
#include "arch.h"
#include "el2.h"
#include "monitor.h"
#include "port.h"
#include "sysreg.h"

/* ---- Debug registers, as debug.S numbers them ---- */
static bool debug_has(unsigned index)
{
	unsigned shift = (index & 2) == 0 ? 12 : 20; /* ID_AA64DFR0_EL1.BRPs, WRPs: one less */

	return index / 4 <= (sysreg_read(id_aa64dfr0_el1) >> shift & 15);
}

static void debug_save(struct monitor *d)
{
	d->mdccint = sysreg_read(mdccint_el1);
	for (unsigned i = 0; i < MONITOR_DEBUG_REGISTERS; i++)
		if (debug_has(i))
			d->debug[i] = debug_read(i);
}

static void debug_load(const struct monitor *d)
{
	sysreg_write(oslar_el1, d->os_lock);
	sysreg_write(mdccint_el1, d->mdccint);
	for (unsigned i = 0; i < MONITOR_DEBUG_REGISTERS; i++)
		if (debug_has(i))
			debug_write(i, d->debug[i]);
}

/* ---- Performance monitors: counters are reached through a selector ---- */

static void pmu_save(struct monitor *p)
{
	unsigned counters = PMCR_N(sysreg_read(pmcr_el0));

	p->userenr = sysreg_read(pmuserenr_el0);
	p->selected = sysreg_read(pmselr_el0);
	p->enabled = sysreg_read(pmcntenset_el0);
	p->interrupts = sysreg_read(pmintenset_el1);
	sysreg_write(pmintenclr_el1, ~0u); /* nothing interrupts whoever is next */
	p->overflows = sysreg_read(pmovsset_el0);
	p->cycles = sysreg_read(pmccntr_el0);
	p->cycle_filter = sysreg_read(pmccfiltr_el0);
	for (unsigned n = 0; n < counters; n++) {
		sysreg_write(pmselr_el0, n);
		isb();
		p->counter[n][0] = sysreg_read(pmxevcntr_el0);
		p->counter[n][1] = sysreg_read(pmxevtyper_el0);
	}
}

/* Nothing counts: PMCR_EL0.E is 0. */
static void pmu_load(const struct monitor *p)
{
	unsigned counters = PMCR_N(sysreg_read(pmcr_el0));

	for (unsigned n = 0; n < counters; n++) {
		sysreg_write(pmselr_el0, n);
		isb();
		sysreg_write(pmxevtyper_el0, p->counter[n][1]);
		sysreg_write(pmxevcntr_el0, p->counter[n][0]);
	}
	sysreg_write(pmselr_el0, p->selected);
	sysreg_write(pmccntr_el0, p->cycles);
	sysreg_write(pmccfiltr_el0, p->cycle_filter);
	sysreg_write(pmovsclr_el0, ~0u);
	sysreg_write(pmovsset_el0, p->overflows);
	sysreg_write(pmintenclr_el1, ~0u);
	sysreg_write(pmintenset_el1, p->interrupts);
	sysreg_write(pmcntenclr_el0, ~0u);
	sysreg_write(pmcntenset_el0, p->enabled);
	sysreg_write(pmuserenr_el0, p->userenr);
}

/* ---- In the machine or not ---- */

static void hold(struct monitor *m, uint64_t parts)
{
	parts &= ~m->held;
	if (parts & MONITOR_DEBUG)
		debug_load(m);
	if (parts & MONITOR_PMU)
		pmu_load(m);
	m->held |= (uint8_t)parts;
}

void monitor_load(struct vcpu *v)
{
	hold(&v->arch.monitor, v->context.arch.direct);
}

void monitor_unload(struct vcpu *v)
{
	struct monitor *m = &v->arch.monitor;

	if (m->held & MONITOR_DEBUG)
		debug_save(m);
	if (m->held & MONITOR_PMU)
		pmu_save(m);
	m->held = 0;
}

/* ---- Direct accesses ---- */

/* Of a system register that trapped: the part that is its owner; 0: none that becomes direct. */
static uint32_t part_of(uint32_t reg)
{
	uint32_t op0 = reg >> 20, op1 = reg >> 14 & 7, crn = reg >> 10 & 15, crm = reg >> 1 & 15,
		 op2 = reg >> 17 & 7;

	if (op0 == 2)
		return op1 == 0 && crn == 0 && (op2 >= 4 || (op2 == 2 && crm == 2)) ? MONITOR_DEBUG
										    : 0;
	if (op1 != 3 && op1 != 0)
		return 0;
	if ((crn == 9 && crm >= 12 && crm <= 14) || (op1 == 3 && crn == 14 && crm >= 8))
		return monitor_has_pmu() ? MONITOR_PMU : 0;
	return 0;
}

/*
 * A system at its start clears PMUSERENR_EL0 whether or not it will count: that is no use of the
 * monitors.
 */
static bool is_clearing(const struct vcpu *v, uint32_t reg, bool write, uint64_t value)
{
	return reg == SYSREG(3, 3, 9, 14, 0) && write && value == 0 &&
	       !(v->arch.monitor.held & MONITOR_PMU) && v->arch.monitor.userenr == 0;
}

bool monitor_take(struct vcpu *v, uint32_t reg, bool write, uint64_t value)
{
	uint32_t part = part_of(reg);

	if (part == 0 || (v->context.arch.direct & part) != 0)
		return false;
	if (is_clearing(v, reg, write, value)) {
		arch_vcpu_advance(v, 4);
		return true;
	}
	hold(&v->arch.monitor, part);
	v->context.arch.direct |= part;
	monitor_turn_on(&v->arch.monitor, part);
	return true;
}

bool monitor_overflows(const struct kernel *k, const struct vcpu *v)
{
	const struct monitor *m = &v->arch.monitor;
	bool held = (m->held & MONITOR_PMU) != 0;
	uint64_t pmcr = held && k->current == &v->context ? sysreg_read(pmcr_el0) : m->pmcr;

	if ((pmcr & PMCR_E) == 0)
		return false;
	if (held)
		return (sysreg_read(pmovsset_el0) & sysreg_read(pmintenset_el1)) != 0;
	return (m->overflows & m->interrupts) != 0;
}

/* ---- As the VMM sees it: the vCPU does not run, so these are in memory ---- */

void monitor_get(const struct vcpu *v, struct vcpu_monitor_group *g)
{
	const struct monitor *m = &v->arch.monitor;

	*g = (struct vcpu_monitor_group){m->mdscr, m->os_lock, m->pmcr};
}

void monitor_set(struct kernel *k, struct vcpu *v, const struct vcpu_monitor_group *g)
{
	struct monitor *m = &v->arch.monitor;

	m->mdscr = g->mdscr;
	m->os_lock = g->os_lock & 1;
	m->pmcr = g->pmcr & ~(PMCR_P | PMCR_C);
	if (!monitor_has_pmu())
		m->pmcr = 0;
	v->context.arch.direct = monitor_armed(m);
	if (k->loaded != v)
		return;
	if (m->held & MONITOR_DEBUG)
		sysreg_write(oslar_el1, m->os_lock);
	hold(m, v->context.arch.direct);
}
