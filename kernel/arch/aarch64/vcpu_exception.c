/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions put into a guest: what the core would do on taking them to EL1. (Arm ARM D1.3.) */
#include "arch.h"
#include "el2.h"
#include "port.h"
#include "sysreg.h"

/* Offsets in the guest's vector table of synchronous exceptions. */
#define VECTOR_CURRENT_SP0 0x000u
#define VECTOR_CURRENT_SPX 0x200u
#define VECTOR_LOWER_A64 0x400u
#define VECTOR_LOWER_A32 0x600u

static uint64_t vector_offset(uint64_t psr)
{
	if ((psr & PSR_NRW) != 0)
		return VECTOR_LOWER_A32;
	switch (psr & PSR_M_MASK) {
	case PSR_EL0T:
		return VECTOR_LOWER_A64;
	case PSR_EL1T:
		return VECTOR_CURRENT_SP0;
	default:
		return VECTOR_CURRENT_SPX;
	}
}

static bool from_el0(uint64_t psr)
{
	return (psr & PSR_NRW) != 0 || (psr & PSR_M_MASK) == PSR_EL0T;
}

/* Loaded, a vCPU's lazy registers are in the machine, its SCTLR_EL1 only when it is current. */
static void take(struct kernel *k, struct vcpu *v, uint64_t esr, uint64_t far)
{
	struct arch_context *a = &v->context.arch;
	struct vcpu_system *s = &v->arch.system;
	uint64_t sctlr = k->current == &v->context ? sysreg_read(sctlr_el1) : a->sctlr;
	uint64_t psr = a->psr;

	if (k->loaded == v) {
		sysreg_write(esr_el1, esr);
		sysreg_write(far_el1, far);
		sysreg_write(elr_el1, a->pc);
		sysreg_write(spsr_el1, psr);
		s->vbar = sysreg_read(vbar_el1);
	} else {
		s->esr = esr;
		s->far = far;
		s->elr = a->pc;
		s->spsr = psr;
	}
	a->pc = s->vbar + vector_offset(psr);
	a->psr = PSR_EL1H | PSR_DAIF | (psr & PSR_PAN);
	if ((sctlr & SCTLR_SPAN) == 0)
		a->psr |= PSR_PAN;
}

WARM void arch_vcpu_abort(struct kernel *k, struct vcpu *v)
{
	uint64_t syndrome = v->exit.syndrome;
	uint32_t class = ESR_EC(syndrome) == EC_FETCH ? EC_FETCH : EC_DATA;
	uint64_t esr = (syndrome & ESR_IL) | FSC_EXTERNAL;

	if (class == EC_DATA)
		esr |= syndrome & (ISS_WNR | ISS_CM);
	if (!from_el0(v->context.arch.psr))
		class ++;
	take(k, v, (uint64_t) class << 26 | esr, v->exit.virtual);
}

WARM void arch_vcpu_undefined(struct kernel *k, struct vcpu *v)
{
	uint64_t far = k->loaded == v ? sysreg_read(far_el1) : v->arch.system.far;

	take(k, v, (uint64_t)EC_UNKNOWN << 26 | ESR_IL, far);
}
