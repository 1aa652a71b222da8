/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which exits have taken effect: part of the state a device server commits. An exit that comes
 * again, because the server died after its commit and before its reply, is answered from here. A
 * vCPU has one exit at a time, so its last one is enough. The bits of a sequence number from
 * EXIT_VCPU_SHIFT on tell the vCPUs of a VM apart.
 *
 * An exit that is one instruction but two accesses (a pair of registers, decoded by the VMM) has
 * two numbers: the second's has the highest bit of the count set, which no count reaches. The VMM
 * goes on to the second only when the first was answered, so the last one is still enough.
 *
 * Only accesses that change something need it: one that does not may simply be done again.
 */
#ifndef LIB_EXIT_LEDGER_H
#define LIB_EXIT_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi.h"

#define EXIT_LEDGER_VCPUS 8

struct exit_ledger {
	struct {
		uint64_t exit; /* sequence number + 1; 0: none yet */
		uint64_t value;
	} last[EXIT_LEDGER_VCPUS];
};

static inline uint64_t exit_ledger_second(uint64_t sequence)
{
	return sequence | 1ull << (EXIT_VCPU_SHIFT - 1);
}

static inline uint32_t exit_ledger_slot(uint64_t sequence)
{
	return (uint32_t)(sequence >> EXIT_VCPU_SHIFT) % EXIT_LEDGER_VCPUS;
}

/* True if the exit took effect; *value is what it was answered then. */
static inline bool exit_ledger_find(const struct exit_ledger *l, uint64_t sequence, uint64_t *value)
{
	uint32_t slot = exit_ledger_slot(sequence);

	*value = l->last[slot].value;
	return l->last[slot].exit == sequence + 1;
}

static inline void exit_ledger_note(struct exit_ledger *l, uint64_t sequence, uint64_t value)
{
	uint32_t slot = exit_ledger_slot(sequence);

	l->last[slot].exit = sequence + 1;
	l->last[slot].value = value;
}

#endif
