/* SPDX-License-Identifier: BSD-2-Clause */
/* What a core's kernel knows of the machine, and how a core begins. Filled by boot code. */
#ifndef KERNEL_MACHINE_H
#define KERNEL_MACHINE_H

#include <stdint.h>

#include "plan.h"

struct kernel;

struct machine {
	uint64_t vtcr;		       /* VTCR_EL2, the same on every core */
	uint64_t affinity[PLAN_CORES]; /* of each core, as PSCI takes it */
	uint32_t cores;
};

/*
 * What core_enter loads with the MMU off, so memory holds it clean. core_enter(entry) turns the MMU
 * on (off first, when it is on), takes the stack and calls main(argument). It does not return.
 */
struct core_entry {
	uint64_t ttbr, tcr, mair, sctlr;
	uint64_t stack;
	uint64_t main, argument;
	uint64_t unused;
};
void core_enter(const struct core_entry *entry) __attribute__((noreturn));
/* core_enter's first main: sets this core's registers up, runs its init. `k`: struct kernel. */
void core_main(uint64_t k) __attribute__((noreturn));

/* SMCCC call to the firmware, PSCI's conduit at EL2. (Arm DEN 0022.) */
int64_t psci_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

#endif
