/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's registers: start values, groups, exceptions put into the guest, and the lazy part, which
 * is in the machine while the vCPU is kernel.loaded, whoever is current.
 */
#include "arch.h"
#include "el2.h"
#include "monitor.h"
#include "port.h"
#include "sysreg.h"
#include "vcpu_groups.h"

#define VMPIDR_RES1 BIT(31)

static bool caches_on(uint64_t sctlr)
{
	return (sctlr & (SCTLR_M | SCTLR_C)) == (SCTLR_M | SCTLR_C);
}

/* Interrupts stay: armed lines count on being told how theirs end. */
uint32_t arch_vcpu_init(struct kernel *k, struct vcpu *v, uint32_t features)
{
	const struct space *s = v->space.object;
	struct arch_context *a = &v->context.arch;

	(void)features;
	arch_vcpu_unload(k, v);
	for (unsigned i = 0; i < sizeof(k->arch.last_of_vm) / sizeof(k->arch.last_of_vm[0]); i++)
		if (k->arch.last_of_vm[i] == v)
			k->arch.last_of_vm[i] = 0;
	arch_fp_init(&v->context);
	*a = (struct arch_context){
	    .psr = PSR_EL1H | PSR_DAIF,
	    .sctlr = SCTLR_RESET,
	    .hcr = HCR_GUEST | HCR_TVM,
	    .vttbr = s->arch.vttbr,
	    .cptr = CPTR_BASE | CPTR_TFP,
	};
	v->arch.system = (struct vcpu_system){
	    .vmpidr = VMPIDR_RES1,
	    .vpidr = sysreg_read(midr_el1),
	};
	v->arch.monitor = (struct monitor){.os_lock = true};
	v->arch.timer = (struct vtimer){0};
	vppi_init(k, v);
	return 0;
}

/* ---- Loading and unloading ---- */

/*
 * each(field of struct vcpu_system and of struct vcpu_system_group, register; another): in pairs,
 * as one instruction stores or loads two.
 */
#define SYSTEM_REGISTERS(each)                                                              \
	each(ttbr0, ttbr0_el1, ttbr1, ttbr1_el1) each(tcr, tcr_el1, mair, mair_el1)         \
	    each(amair, amair_el1, vbar, vbar_el1) each(elr, elr_el1, spsr, spsr_el1)       \
		each(sp_el1, sp_el1, tpidr_el1, tpidr_el1) each(esr, esr_el1, far, far_el1) \
		    each(afsr0, afsr0_el1, afsr1, afsr1_el1)                                \
			each(contextidr, contextidr_el1, par, par_el1)
#define SAVE(first, name1, second, name2)                                           \
	do {                                                                        \
		uint64_t first_ = sysreg_read(name1), second_ = sysreg_read(name2); \
		s->first = first_;                                                  \
		s->second = second_;                                                \
	} while (0);
#define LOAD(first, name1, second, name2)                        \
	do {                                                     \
		uint64_t first_ = s->first, second_ = s->second; \
		sysreg_write(name1, first_);                     \
		sysreg_write(name2, second_);                    \
	} while (0);
#define GET(first, name1, second, name2) g->first = s->first, g->second = s->second;
#define SET(first, name1, second, name2) s->first = g->first, s->second = g->second;

static void system_save(struct vcpu_system *s)
{
	SYSTEM_REGISTERS(SAVE)
	s->csselr = sysreg_read(csselr_el1);
}

static void system_load(const struct vcpu_system *s)
{
	SYSTEM_REGISTERS(LOAD)
	LOAD(vmpidr, vmpidr_el2, vpidr, vpidr_el2)
	sysreg_write(csselr_el1, s->csselr);
}

void arch_vcpu_unload(struct kernel *k, struct vcpu *v)
{
	if (k->loaded != v)
		return;
	vppi_settle(k, v);
	system_save(&v->arch.system);
	if (v->arch.monitor.held != 0)
		monitor_unload(v);
	vgic_save(k, v);
	k->loaded = 0;
	vtimer_save(v);
	vppi_save(k, v);
}

/*
 * Guests' translations are tagged by VM, not by vCPU: what another vCPU of the VM left in this
 * core's TLB and instruction cache goes. VTTBR_EL2 names the VM that the invalidation means.
 */
static void forget_sibling(struct kernel *k, struct vcpu *v)
{
	uint64_t vttbr = v->context.arch.vttbr;
	struct vcpu **last = &k->arch.last_of_vm[(vttbr >> 48) % SPACE_VMS];

	if (*last == v)
		return;
	*last = v;
	sysreg_write(vttbr_el2, vttbr);
	isb();
	tlbi(vmalle1);
	__asm__ volatile("ic iallu" ::: "memory");
	dsb(nsh);
	isb();
}

void vcpu_load(struct kernel *k, struct vcpu *v)
{
	if (k->loaded != 0)
		arch_vcpu_unload(k, k->loaded);
	system_load(&v->arch.system);
	vppi_load(k, v);
	vtimer_load(v);
	vgic_load(k, v);
	k->loaded = v;
	forget_sibling(k, v);
}

/* ---- Register groups ---- */

/* The vCPU does not run: its eager registers are in memory, its lazy ones maybe in the machine. */
static void get_system(const struct arch_context *a, const struct vcpu_system *s,
		       struct vcpu_system_group *g)
{
	g->sctlr = a->sctlr;
	g->cpacr = a->cpacr;
	g->tpidr_el0 = a->tpidr_el0;
	g->tpidrro_el0 = a->tpidrro_el0;
	SYSTEM_REGISTERS(GET)
	g->csselr = s->csselr;
}

static void set_system(struct arch_context *a, struct vcpu_system *s,
		       const struct vcpu_system_group *g)
{
	a->sctlr = g->sctlr;
	a->cpacr = g->cpacr;
	a->tpidr_el0 = g->tpidr_el0;
	a->tpidrro_el0 = g->tpidrro_el0;
	a->hcr = HCR_GUEST | (caches_on(g->sctlr) ? 0 : HCR_TVM);
	SYSTEM_REGISTERS(SET)
	s->csselr = g->csselr;
}

union group {
	struct vcpu_general general;
	struct vcpu_system_group system;
	struct vcpu_ids ids;
	struct vcpu_timer_group timer;
	struct vcpu_host_id host_id;
	struct vcpu_monitor_group monitor;
	uint64_t word[sizeof(struct vcpu_host_id) / 8];
};
_Static_assert(sizeof(union group) <= MESSAGE_BYTES, "a group travels in one message buffer");

static const uint16_t group_bytes[VCPU_GROUPS] = {
    [VCPU_GROUP_GENERAL] = sizeof(struct vcpu_general),
    [VCPU_GROUP_SYSTEM] = sizeof(struct vcpu_system_group),
    [VCPU_GROUP_IDS] = sizeof(struct vcpu_ids),
    [VCPU_GROUP_TIMER] = sizeof(struct vcpu_timer_group),
    [VCPU_GROUP_HOST_ID] = sizeof(struct vcpu_host_id),
    [VCPU_GROUP_MONITOR] = sizeof(struct vcpu_monitor_group),
};

int32_t arch_vcpu_get(struct kernel *k, struct vcpu *v, uint32_t group, uint8_t *data)
{
	const struct arch_context *a = &v->context.arch;
	union group g;

	if (group >= VCPU_GROUPS)
		return BAD_ARGUMENT;
	if (k->loaded == v)
		system_save(&v->arch.system);
	switch ((enum vcpu_group)group) {
	case VCPU_GROUP_GENERAL:
		__builtin_memcpy(g.general.x, a->x, sizeof(g.general.x));
		g.general.sp_el0 = a->sp_el0;
		g.general.pc = a->pc;
		g.general.psr = a->psr;
		break;
	case VCPU_GROUP_SYSTEM:
		get_system(a, &v->arch.system, &g.system);
		break;
	case VCPU_GROUP_IDS:
		g.ids = (struct vcpu_ids){v->arch.system.vmpidr, v->arch.system.vpidr};
		break;
	case VCPU_GROUP_TIMER:
		vtimer_get(k, v, &g.timer.control, &g.timer.compare);
		g.timer.cntkctl = a->cntkctl;
		break;
	case VCPU_GROUP_MONITOR:
		monitor_get(v, &g.monitor);
		break;
	default:
		vcpu_host_id(g.host_id.id);
		g.host_id.vtr = gich_vtr(k);
		break;
	}
	__builtin_memcpy(data, &g, group_bytes[group]);
	return group_bytes[group];
}

static bool psr_valid(uint64_t psr)
{
	uint64_t mode = psr & PSR_M_MASK;

	return mode == PSR_EL0T || mode == PSR_EL1T || mode == PSR_EL1H;
}

enum status arch_vcpu_set(struct kernel *k, struct vcpu *v, uint32_t group, const uint8_t *data,
			  size_t bytes)
{
	struct arch_context *a = &v->context.arch;
	struct vcpu_system *s = &v->arch.system;
	union group g;

	if (group >= VCPU_GROUPS || group == VCPU_GROUP_HOST_ID)
		return BAD_ARGUMENT;
	if (bytes < group_bytes[group])
		return BAD_MESSAGE;
	__builtin_memcpy(&g, data, group_bytes[group]);
	if (k->loaded == v)
		system_save(s);
	switch ((enum vcpu_group)group) {
	case VCPU_GROUP_GENERAL:
		if (!psr_valid(g.general.psr))
			return BAD_ARGUMENT;
		__builtin_memcpy(a->x, g.general.x, sizeof(g.general.x));
		a->sp_el0 = g.general.sp_el0;
		a->pc = g.general.pc;
		a->psr = g.general.psr & PSR_SETTABLE;
		break;
	case VCPU_GROUP_SYSTEM:
		set_system(a, s, &g.system);
		break;
	case VCPU_GROUP_IDS:
		s->vmpidr = g.ids.vmpidr | VMPIDR_RES1;
		s->vpidr = g.ids.vpidr;
		break;
	case VCPU_GROUP_MONITOR:
		monitor_set(k, v, &g.monitor);
		break;
	default:
		vtimer_set(k, v, g.timer.control, g.timer.compare);
		a->cntkctl = g.timer.cntkctl;
		break;
	}
	if (k->loaded == v)
		system_load(s);
	return OK;
}

void arch_vcpu_set_register(struct vcpu *v, uint8_t number, uint64_t value)
{
	if (number < 31)
		v->context.arch.x[number] = value;
}

/* ---- Execution ---- */

/* In AArch32 (a guest's EL0) the IT block's state, bits 26:25 and 15:10, goes on, too. */
static COLD uint64_t advance_it(uint64_t psr)
{
	uint64_t it = ((psr >> 25) & 3) | ((psr >> 8) & 0xfc);

	it = (it & 7) == 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
	return (psr & ~(PSR_IT_LOW | PSR_IT_HIGH)) | (it & 3) << 25 | (it & 0xfc) << 8;
}

void arch_vcpu_advance(struct vcpu *v, uint32_t length)
{
	struct arch_context *a = &v->context.arch;
	uint64_t pc = a->pc + length, psr = a->psr;

	if (length == 0)
		return;
	psr = __builtin_expect((psr & PSR_NRW) != 0, 0) ? advance_it(psr) : psr & ~PSR_BTYPE;
	a->pc = pc;
	a->psr = psr & ~PSR_SS;
}

bool vcpu_write_translation(struct vcpu *v, uint32_t reg, uint64_t value)
{
	struct arch_context *a = &v->context.arch;

	if ((a->hcr & HCR_TVM) == 0)
		return false;
	switch (reg) {
#define TRANSLATION(name, op1, crn, crm, op2) \
	case SYSREG(3, op1, crn, crm, op2):   \
		sysreg_write(name, value);    \
		break
		TRANSLATION(sctlr_el1, 0, 1, 0, 0);
		TRANSLATION(ttbr0_el1, 0, 2, 0, 0);
		TRANSLATION(ttbr1_el1, 0, 2, 0, 1);
		TRANSLATION(tcr_el1, 0, 2, 0, 2);
		TRANSLATION(afsr0_el1, 0, 5, 1, 0);
		TRANSLATION(afsr1_el1, 0, 5, 1, 1);
		TRANSLATION(esr_el1, 0, 5, 2, 0);
		TRANSLATION(far_el1, 0, 6, 0, 0);
		TRANSLATION(mair_el1, 0, 10, 2, 0);
		TRANSLATION(amair_el1, 0, 10, 3, 0);
		TRANSLATION(contextidr_el1, 0, 13, 0, 1);
	default:
		return false;
	}
	if (reg == SYSREG(3, 0, 1, 0, 0) && caches_on(value)) {
		a->hcr &= ~HCR_TVM;
		sysreg_write(hcr_el2, a->hcr);
	}
	return true;
}
