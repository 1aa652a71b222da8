/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/arch/aarch64/psci.h"

/* SMCCC function ids. Bit 30 tells the 64-bit form of a function that has both. */
#define SMCCC_64 0x40000000u
#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND_32 0x84000001u
#define PSCI_CPU_OFF_32 0x84000002u
#define PSCI_CPU_ON_32 0x84000003u
#define PSCI_AFFINITY_INFO_32 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF_32 0x84000008u
#define PSCI_SYSTEM_RESET_32 0x84000009u
#define PSCI_FEATURES 0x8400000au

#define PSCI_VERSION_1_1 0x10001
#define SMCCC_VERSION_1_1 0x10001
#define MIGRATE_NOT_NEEDED 2
/* Target affinity as MPIDR_EL1 has it: Aff3 in 39:32, Aff2..0 in 23:0, all else zero. */
#define MPIDR_AFFINITY 0xff00ffffffull
/* CPU_SUSPEND: StateType standby, PowerLevel of the core, StateID 0, in the original format. */
#define POWER_STATE_STANDBY 0u

void psci_init(struct psci *p, unsigned int cpus, const uint32_t *affinity)
{
	p->cpus = cpus;
	for (unsigned int i = 0; i < cpus; i++) {
		p->affinity[i] = affinity[i];
		p->power[i] = i == 0 ? PSCI_ON : PSCI_OFF;
	}
}

void psci_started(struct psci *p, unsigned int cpu)
{
	p->power[cpu] = PSCI_ON;
}

void psci_stopped(struct psci *p, unsigned int cpu)
{
	p->power[cpu] = PSCI_OFF;
}

/* The vCPU of that MPIDR; p->cpus: none. */
static unsigned int find(const struct psci *p, uint64_t mpidr)
{
	uint32_t affinity = (uint32_t)(mpidr >> 8 & 0xff000000u) | (uint32_t)(mpidr & 0xffffffu);
	unsigned int i = 0;

	if (mpidr & ~MPIDR_AFFINITY)
		return p->cpus;
	while (i < p->cpus && p->affinity[i] != affinity)
		i++;
	return i;
}

static struct psci_reply answer(int64_t result)
{
	return (struct psci_reply){result, PSCI_ANSWER};
}

static struct psci_reply act(enum psci_action action)
{
	return (struct psci_reply){PSCI_SUCCESS, action};
}

static struct psci_reply cpu_on(const struct psci *p, uint64_t target)
{
	unsigned int cpu = find(p, target);

	if (cpu == p->cpus)
		return answer(PSCI_INVALID_PARAMETERS);
	if (p->power[cpu] != PSCI_OFF)
		return answer(p->power[cpu] == PSCI_ON ? PSCI_ALREADY_ON : PSCI_ON_PENDING);
	return (struct psci_reply){cpu, PSCI_CPU_ON};
}

static int64_t affinity_info(const struct psci *p, uint64_t target, uint64_t lowest_level)
{
	unsigned int cpu = find(p, target);

	/* From PSCI 1.0 on, levels above 0 are optional. */
	if (lowest_level != 0 || cpu == p->cpus)
		return PSCI_INVALID_PARAMETERS;
	return (int64_t)p->power[cpu];
}

/*
 * One state is offered: a core in standby. It may end for any reason at any time, so it ends at
 * once; the guest's own WFI is where a vCPU sleeps. (DEN 0022, 5.4.2: what is not offered is
 * INVALID_PARAMETERS, before the entry point is looked at.)
 */
static int64_t cpu_suspend(uint64_t power_state)
{
	return (uint32_t)power_state == POWER_STATE_STANDBY ? PSCI_SUCCESS
							    : PSCI_INVALID_PARAMETERS;
}

/*
 * What there must be in 1.1, and MIGRATE_INFO_TYPE. Of CPU_SUSPEND the flags are 0: the original
 * format of power_state, and no OS-initiated mode. The rest is optional and not offered.
 */
static int64_t features(uint32_t function)
{
	switch (function) {
	case SMCCC_VERSION:
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND_32:
	case PSCI_CPU_SUSPEND_32 | SMCCC_64:
	case PSCI_CPU_OFF_32:
	case PSCI_CPU_ON_32:
	case PSCI_CPU_ON_32 | SMCCC_64:
	case PSCI_AFFINITY_INFO_32:
	case PSCI_AFFINITY_INFO_32 | SMCCC_64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF_32:
	case PSCI_SYSTEM_RESET_32:
	case PSCI_FEATURES:
		return PSCI_SUCCESS;
	default:
		return PSCI_NOT_SUPPORTED;
	}
}

/* Of the optional architecture calls none is offered: what a core needs of them its firmware has.
 */
static int64_t arch_features(uint32_t function)
{
	return function == SMCCC_VERSION || function == SMCCC_ARCH_FEATURES ? PSCI_SUCCESS
									    : PSCI_NOT_SUPPORTED;
}

/* The 32-bit convention passes w registers. */
static uint64_t argument(uint32_t id, uint64_t x)
{
	return id & SMCCC_64 ? x : (uint32_t)x;
}

struct psci_start psci_start(uint64_t function, uint64_t x2, uint64_t x3)
{
	uint32_t id = (uint32_t)function;

	return (struct psci_start){argument(id, x2), argument(id, x3)};
}

static struct psci_reply other_call(uint32_t id, uint64_t x1)
{
	switch (id) {
	case SMCCC_VERSION:
		return answer(SMCCC_VERSION_1_1);
	case SMCCC_ARCH_FEATURES:
		return answer(arch_features((uint32_t)x1));
	case HYPERCALL_EXIT:
		return act(PSCI_GUEST_EXIT);
	case HYPERCALL_PRINT:
		return act(PSCI_GUEST_PRINT);
	default:
		return (struct psci_reply){PSCI_NOT_SUPPORTED,
					   id & HYPERCALL_FAST ? PSCI_ANSWER : PSCI_HYPERCALL};
	}
}

#define NUMBER(id) ((id)-PSCI_VERSION)
#define PSCI_BOTH /* functions with a 64-bit form, a bit for each number */ \
	(1u << NUMBER(PSCI_CPU_SUSPEND_32) | 1u << NUMBER(PSCI_CPU_ON_32) | \
	 1u << NUMBER(PSCI_AFFINITY_INFO_32))

struct psci_reply psci_call(const struct psci *p, uint64_t function, uint64_t x1, uint64_t x2)
{
	const uint32_t id = (uint32_t)function, number = NUMBER(id & ~SMCCC_64);

	if (id & SMCCC_64 && (number > NUMBER(PSCI_FEATURES) || !(PSCI_BOTH >> number & 1)))
		return other_call(id, x1);
	switch (number) { /* dense: one jump */
	case NUMBER(PSCI_VERSION):
		return answer(PSCI_VERSION_1_1);
	case NUMBER(PSCI_CPU_SUSPEND_32):
		return answer(cpu_suspend(argument(id, x1)));
	case NUMBER(PSCI_CPU_OFF_32):
		return act(PSCI_CPU_OFF);
	case NUMBER(PSCI_CPU_ON_32):
		return cpu_on(p, argument(id, x1));
	case NUMBER(PSCI_AFFINITY_INFO_32):
		return answer(affinity_info(p, argument(id, x1), argument(id, x2)));
	case NUMBER(PSCI_MIGRATE_INFO_TYPE):
		return answer(MIGRATE_NOT_NEEDED);
	case NUMBER(PSCI_SYSTEM_OFF_32):
		return act(PSCI_SYSTEM_OFF);
	case NUMBER(PSCI_SYSTEM_RESET_32):
		return act(PSCI_SYSTEM_RESET);
	case NUMBER(PSCI_FEATURES):
		return answer(features((uint32_t)x1));
	default:
		return other_call(id, x1);
	}
}
