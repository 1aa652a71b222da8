/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a thread (EL0 under HCR_EL2.TGE) or of a vCPU (EL1 and EL0).
 *
 * entry.S saves x, pc and psr at every entry. The registers after them are those an EL0 service
 * shares with a guest: they are in the machine while their context is kernel.current, else here.
 * PMUSERENR_EL0 is shared too, but MDCR_EL2.TPM is set while a service runs.
 */
#ifndef KERNEL_ARCH_CONTEXT_H
#define KERNEL_ARCH_CONTEXT_H

#include <stdint.h>

struct arch_context {
	_Alignas(16) uint64_t x[31]; /* entry.S makes it SP_EL2, which must be aligned */
	uint64_t pc, psr;	     /* ELR_EL2, SPSR_EL2 */
	uint64_t sp_el0, tpidr_el0;
	uint64_t tpidrro_el0,
	    cntkctl;	       /* in pairs, as they are stored and loaded; the last is of EL1 */
	uint64_t sctlr, cpacr; /* of EL1 */
	uint64_t hcr, vttbr;
	uint64_t cptr;	 /* FP traps unless this context is kernel.fp_owner */
	uint64_t direct; /* MONITOR_*: what a vCPU accesses without a trap (monitor.c) */
	uint64_t fp[66]; /* q0..q31, FPSR, FPCR; current unless this context is kernel.fp_owner */
};

#define context_arg(c, i) ((c)->arch.x[i])
#define context_set_arg(c, i, value) ((void)((c)->arch.x[i] = (value)))

#endif
