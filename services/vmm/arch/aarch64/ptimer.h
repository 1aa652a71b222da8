/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical timer of each vCPU (Arm DDI 0487, D11.2 and CNTP_CTL_EL0, CNTP_CVAL_EL0,
 * CNTP_TVAL_EL0): all its registers trap. Units are ticks of the counter, which the guest reads
 * itself. The output is a level; one deadline serves all vCPUs. Where the manual says UNKNOWN, for
 * a timer that is not enabled, the registers read as if it were.
 */
#ifndef VMM_PTIMER_H
#define VMM_PTIMER_H

#include <stdbool.h>
#include <stdint.h>

#define PTIMER_CPUS 8u
#define PTIMER_PPI 30u
#define PTIMER_NEVER 0u

struct ptimer_ops {
	uint64_t (*now)(void *host);
	void (*level)(void *host, unsigned int cpu, bool high);
	/* ptimer_passed() is to be called then. PTIMER_NEVER: the last one counts no more. */
	void (*deadline)(void *host, uint64_t ticks);
};

struct ptimer {
	const struct ptimer_ops *ops;
	void *host;
	unsigned int cpus;
	uint64_t deadline; /* the one asked for */
	struct {
		uint64_t compare;
		uint32_t control; /* ENABLE and IMASK */
		bool high;	  /* the output, as the host was told */
	} cpu[PTIMER_CPUS];
};

void ptimer_init(struct ptimer *t, unsigned int cpus, const struct ptimer_ops *ops, void *host);
/* vCPU `cpu` starts anew, or is off: its timer is disabled. */
void ptimer_reset(struct ptimer *t, unsigned int cpu);
/* False: `reg` (as SYSREG) is not of this timer. A read's value is in *value. */
bool ptimer_access(struct ptimer *t, unsigned int cpu, uint32_t reg, bool write, uint64_t *value);
/* The deadline may have passed. */
void ptimer_passed(struct ptimer *t);

#endif
