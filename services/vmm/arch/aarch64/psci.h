/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware calls of a guest: PSCI 1.1 (Arm DEN 0022), SMCCC 1.1 (DEN 0028) and two calls of our
 * own. HVC and SMC are one and the same. psci_call() decides; what it asks for is done by its
 * caller, who then tells psci_started() or psci_stopped().
 */
#ifndef VMM_PSCI_H
#define VMM_PSCI_H

#include <stdbool.h>
#include <stdint.h>

#include "services/vmm/hypercall.h"

#define PSCI_CPUS 8u

/* Results (DEN 0022, 5.2.2). */
enum psci_result {
	PSCI_SUCCESS = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_DENIED = -3,
	PSCI_ALREADY_ON = -4,
	PSCI_ON_PENDING = -5,
	PSCI_INTERNAL_FAILURE = -6,
	PSCI_INVALID_ADDRESS = -9,
};

enum psci_action {
	PSCI_ANSWER,	   /* the call is done: `result` */
	PSCI_CPU_ON,	   /* start vCPU `result` as psci_start says; then answer */
	PSCI_CPU_OFF,	   /* the caller stops; no answer */
	PSCI_SYSTEM_OFF,   /* no answer */
	PSCI_SYSTEM_RESET, /* no answer */
	PSCI_GUEST_EXIT,   /* HYPERCALL_EXIT with status x1; no answer */
	PSCI_GUEST_PRINT,  /* HYPERCALL_PRINT of the character x1; answer */
	PSCI_HYPERCALL,	   /* not firmware's; by SMC it is answered with `result` */
};

/* Two registers: calls that are answered at once are the common ones. */
struct psci_reply {
	int64_t result;
	uint64_t action; /* enum psci_action */
};

struct psci_start {
	uint64_t entry, context;
};

enum psci_power { PSCI_ON, PSCI_OFF, PSCI_PENDING }; /* as AFFINITY_INFO says it */

struct psci {
	unsigned int cpus;
	uint32_t affinity[PSCI_CPUS]; /* Aff3.Aff2.Aff1.Aff0 */
	enum psci_power power[PSCI_CPUS];
};

/* vCPU 0 is on, the others are off. */
void psci_init(struct psci *p, unsigned int cpus, const uint32_t *affinity);
/* The call `function` (x0), with x1 and x2. */
struct psci_reply psci_call(const struct psci *p, uint64_t function, uint64_t x1, uint64_t x2);
/* Of a CPU_ON: x2 and x3 in the calling convention of `function`. */
struct psci_start psci_start(uint64_t function, uint64_t x2, uint64_t x3);
void psci_started(struct psci *p, unsigned int cpu);
void psci_stopped(struct psci *p, unsigned int cpu);

#endif
