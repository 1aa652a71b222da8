/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads, and switching between contexts: only what a service and a guest share is exchanged. */
#include "arch.h"
#include "el2.h"
#include "monitor.h"
#include "port.h"
#include "sysreg.h"

static void el2_init(void)
{
	uint64_t counters = monitor_has_pmu() ? PMCR_N(sysreg_read(pmcr_el0)) : 0;

	sysreg_write(hcr_el2, HCR_SERVICE);
	sysreg_write(cptr_el2, CPTR_BASE | CPTR_TFP);
	sysreg_write(mdcr_el2, MDCR_TDA | MDCR_TDRA | MDCR_TDOSA | MDCR_TPM | MDCR_TPMCR |
				   MDCR_TPMS | MDCR_TTRF | MDCR_HPMD | counters);
	sysreg_write(hstr_el2, 0);
	sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN);
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(cntv_ctl_el0, 0);
	if (monitor_has_pmu()) {
		sysreg_write(pmcr_el0, 0);
		sysreg_write(pmuserenr_el0, 0);
	}
	sysreg_write(mdscr_el1, 0);
	sysreg_write(tpidr_el2, 0); /* until context_resume */
	isb();
}

static bool needs(struct kernel *k, uint32_t call)
{
	if ((int32_t)psci_call(SMCCC_ARCH_FEATURES, call, 0, 0) == 0)
		k->arch.workaround = call;
	return k->arch.workaround != 0;
}

void context_core_init(struct kernel *k)
{
	struct arch_context *idle = &k->idle.arch;

	el2_init();
	vgic_core_init(k);
	/* The third does what the first does, too. SMCCC 1.1 is found by way of PSCI. */
	if ((int32_t)psci_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0) >= 0 &&
	    (needs(k, SMCCC_WORKAROUND_3) || needs(k, SMCCC_WORKAROUND_1)))
		sysreg_write(vbar_el2, vectors_hardened);
	idle->x[0] = (uint64_t)&k->idle;
	idle->pc = (uint64_t)context_idle;
	idle->psr = PSR_EL2H | PSR_DAIF;
}

/* ---- Threads ---- */

/* A thread can start itself: then its eager registers are in the machine. */
void arch_thread_start(struct thread *t, uint64_t entry, uint64_t stack, uint64_t argument,
		       uint64_t tls)
{
	struct arch_context *a = &t->context.arch;

	for (int i = 0; i < 31; i++)
		a->x[i] = 0;
	a->x[0] = argument;
	a->pc = entry;
	a->psr = PSR_EL0T | PSR_DAIF;
	a->sp_el0 = stack;
	a->tpidr_el0 = tls;
	a->tpidrro_el0 = 0;
	a->cntkctl = CNTKCTL_SERVICE;
	a->sctlr = SCTLR_SERVICE;
	a->cpacr = CPACR_SERVICE;
	a->hcr = HCR_SERVICE;
	a->cptr = t->context.kernel->fp_owner == &t->context ? CPTR_BASE : CPTR_BASE | CPTR_TFP;
	if (t->context.kernel->current == &t->context) {
		sysreg_write(sp_el0, stack);
		sysreg_write(tpidr_el0, tls);
	}
}

void arch_thread_space_changed(struct kernel *k, struct thread *t)
{
	const struct space *s = t->space.type == CAP_SPACE ? t->space.object : 0;

	t->context.arch.vttbr = s != 0 ? s->arch.vttbr : (uint64_t)k->arch.no_space;
	if (k->current == &t->context)
		sysreg_write(vttbr_el2, t->context.arch.vttbr);
}

void arch_context_restart_call(struct context *c)
{
	c->arch.pc -= 4;
}

uint64_t arch_context_pc(const struct context *c)
{
	return c->arch.pc;
}

/* ---- Switching ---- */

/*
 * Values go through variables in pairs, so that the compiler has what it needs for load and store
 * pairs; every instruction here is part of every exit.
 */
static inline void save_pair(uint64_t *pair, uint64_t first, uint64_t second)
{
	pair[0] = first;
	pair[1] = second;
}
#define SAVE_PAIR(first, name1, name2) save_pair(&(first), sysreg_read(name1), sysreg_read(name2))
#define LOAD_PAIR(first, name1, name2)                                                   \
	do {                                                                             \
		const uint64_t *pair_ = &(first), first_ = pair_[0], second_ = pair_[1]; \
		sysreg_write(name1, first_);                                             \
		sysreg_write(name2, second_);                                            \
	} while (0)

static inline void thread_save(struct arch_context *a)
{
	SAVE_PAIR(a->sp_el0, sp_el0, tpidr_el0);
}

static inline void vcpu_save(struct arch_context *a)
{
	SAVE_PAIR(a->sp_el0, sp_el0, tpidr_el0);
	SAVE_PAIR(a->tpidrro_el0, tpidrro_el0, cntkctl_el1);
	SAVE_PAIR(a->sctlr, sctlr_el1, cpacr_el1);
}

/* From another thread: what is the same for all threads is there. */
static inline void thread_load(const struct arch_context *a)
{
	LOAD_PAIR(a->sp_el0, sp_el0, tpidr_el0);
	sysreg_write(vttbr_el2, a->vttbr);
	sysreg_write(cptr_el2, a->cptr);
}

static inline void context_load_all(const struct arch_context *a)
{
	LOAD_PAIR(a->tpidrro_el0, tpidrro_el0, cntkctl_el1);
	LOAD_PAIR(a->sctlr, sctlr_el1, cpacr_el1);
	LOAD_PAIR(a->hcr, hcr_el2, vttbr_el2);
	LOAD_PAIR(a->sp_el0, sp_el0, tpidr_el0);
	sysreg_write(cptr_el2, a->cptr);
}

/* Rare, and called from paths that inline all else. */
static COLD void monitors_leave(struct context *c)
{
	monitor_leave((struct vcpu *)c);
}

static COLD void monitors_enter(struct context *c)
{
	monitor_enter((struct vcpu *)c);
}

/* The switches of an exit and its reply, and of calls between threads. */
void arch_switch_exit(struct kernel *k, struct context *from, struct context *to)
{
	(void)k;
	vcpu_save(&from->arch);
	context_load_all(&to->arch);
	if (__builtin_expect(from->arch.direct != 0, 0))
		monitors_leave(from);
}

void arch_switch_call(struct kernel *k, struct context *from, struct context *to)
{
	(void)k;
	thread_save(&from->arch);
	thread_load(&to->arch);
}

void arch_switch_entry(struct kernel *k, struct context *from, struct context *to)
{
	(void)k;
	thread_save(&from->arch);
	context_load_all(&to->arch);
	if (__builtin_expect(to->arch.direct != 0, 0))
		monitors_enter(to);
}

/* The idle context uses none of these registers, so they stay as they are while it runs. */
static __attribute__((noinline)) void switch_rarely(struct kernel *k, struct context *from,
						    struct context *to)
{
	if (from->kind == CONTEXT_THREAD)
		thread_save(&from->arch);
	else if (from->kind == CONTEXT_VCPU)
		vcpu_save(&from->arch);
	if (__builtin_expect(from->arch.direct != 0, 0))
		monitor_leave((struct vcpu *)from);
	if (to->kind == CONTEXT_IDLE_LOOP)
		return;
	if (to->kind == CONTEXT_VCPU && k->loaded != (struct vcpu *)to)
		vcpu_load(k, (struct vcpu *)to);
	context_load_all(&to->arch);
	if (to->arch.direct != 0) {
		monitor_load((struct vcpu *)to);
		monitor_enter((struct vcpu *)to);
	}
}

void arch_switch(struct kernel *k, struct context *from, struct context *to)
{
	if (from->kind == CONTEXT_THREAD && to->kind == CONTEXT_THREAD)
		arch_switch_call(k, from, to);
	else
		switch_rarely(k, from, to);
}

/* ---- FP registers: saved when another context uses them ---- */

void context_fp_trapped(struct kernel *k, struct context *c)
{
	uint64_t trapping = c->arch.cptr;

	c->arch.cptr = trapping & ~CPTR_TFP;
	sysreg_write(cptr_el2, c->arch.cptr);
	isb();
	if (k->fp_owner != 0) {
		k->fp_owner->arch.cptr = trapping;
		fp_save(k->fp_owner->arch.fp);
	}
	fp_load(c->arch.fp);
	k->fp_owner = c;
}

void arch_fp_forget(struct kernel *k, struct context *c)
{
	if (k->fp_owner != c)
		return;
	k->fp_owner = 0;
	c->arch.cptr = CPTR_BASE | CPTR_TFP;
	sysreg_write(cptr_el2, CPTR_BASE | CPTR_TFP);
}

void arch_fp_init(struct context *c)
{
	arch_fp_forget(c->kernel, c);
	for (unsigned i = 0; i < sizeof(c->arch.fp) / sizeof(c->arch.fp[0]); i++)
		c->arch.fp[i] = 0;
}
