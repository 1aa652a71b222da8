/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Register groups of VCPU_GET and VCPU_SET on aarch64: arrays of 64-bit values in the order below,
 * at the start of the message buffer, whole groups only. Also for user level. VCPU_SET returns
 * BAD_ARGUMENT for a value a guest could not have. VCPU_GROUP_HOST_ID can only be read.
 */
#ifndef KERNEL_VCPU_GROUPS_H
#define KERNEL_VCPU_GROUPS_H

#include <stdint.h>

enum vcpu_group {
	VCPU_GROUP_GENERAL,
	VCPU_GROUP_SYSTEM,
	VCPU_GROUP_IDS,
	VCPU_GROUP_TIMER,
	VCPU_GROUP_HOST_ID,
	VCPU_GROUP_MONITOR,
	VCPU_GROUPS,
};

struct vcpu_general {
	uint64_t x[31];
	uint64_t sp_el0;
	uint64_t pc;
	uint64_t psr; /* SPSR format; EL0t, EL1t or EL1h in AArch64 */
};

struct vcpu_system_group { /* EL1, unless the name says EL0 */
	uint64_t sctlr, cpacr, ttbr0, ttbr1, tcr, mair, amair, vbar;
	uint64_t elr, spsr, sp_el1, tpidr_el0, tpidrro_el0, tpidr_el1;
	uint64_t esr, far, afsr0, afsr1, contextidr, par, csselr;
};

struct vcpu_ids {
	uint64_t vmpidr; /* read as MPIDR_EL1 */
	uint64_t vpidr;	 /* read as MIDR_EL1; the core's own after VCPU_CONFIGURE */
};

struct vcpu_timer_group {
	uint64_t control; /* CNTV_CTL_EL0 */
	uint64_t compare; /* CNTV_CVAL_EL0, counter ticks */
	uint64_t cntkctl; /* CNTKCTL_EL1 */
};

/* What turns debug exceptions and counters on; all zero but for the lock after reset. */
struct vcpu_monitor_group {
	uint64_t mdscr;	  /* MDSCR_EL1 */
	uint64_t os_lock; /* OSLSR_EL1.OSLK; writes of OSLAR_EL1 trap */
	uint64_t pmcr;	  /* PMCR_EL0 */
};

/*
 * The core's ID registers op0 = 3, op1 = 0, CRn = 0, CRm = 1..7, less what the kernel keeps guests
 * from using (SVE, SME, pointer authentication, MTE, ...): what a VMM may answer at most.
 */
#define VCPU_HOST_ID(crm, op2) (((crm)-1) * 8 + (op2))
#define VCPU_HOST_PRIORITY_BITS(vtr) ((uint32_t)((vtr) >> 29) + 1) /* of an interrupt */
#define VCPU_HOST_GICV2 (1ull << 32) /* in vtr: it is GICH_VTR, of a GICv2 */
struct vcpu_host_id {
	uint64_t id[56];
	uint64_t vtr; /* ICH_VTR_EL2: the virtual CPU interface */
};

/*
 * VCPU_FIRMWARE: calls the kernel answers by itself (Arm DEN 0028). WORKAROUNDS:
 * SMCCC_ARCH_WORKAROUND_1 to 3, and SMCCC_ARCH_FEATURES about them.
 */
#define FIRMWARE_VERSION 1u
#define FIRMWARE_WORKAROUNDS 2u

#endif
