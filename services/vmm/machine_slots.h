/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slots that are given back: a VM that is made again finds those of the one before. Fresh ones come
 * from slots_take, so what was never in use at once costs nothing.
 */
#ifndef VMM_MACHINE_SLOTS_H
#define VMM_MACHINE_SLOTS_H

#include "services/lib/ipc.h"

/* Free ranges lie between ranges in use: one more than those, of which each area has at most one,
 * each vCPU two, and a space one. */
#define MACHINE_FREE_SLOTS 96

struct machine_slot_range {
	skerry_cap first;
	uint32_t count;
};

struct machine_slots {
	uint32_t count;
	struct machine_slot_range free[MACHINE_FREE_SLOTS]; /* by number, none touch */
};

/* `count` consecutive slots; 0: there are none. */
skerry_cap machine_slots_take(struct machine_slots *s, uint32_t count);
/* They are empty. */
void machine_slots_give(struct machine_slots *s, skerry_cap first, uint32_t count);

#endif
