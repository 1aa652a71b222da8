/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's stage 1 in software (Arm DDI 0487, D8): from a virtual address to a guest physical one,
 * as one vCPU's registers say. The tables are the guest's: each entry is read once, and a walk
 * reads four at most. What this does not model is a fault: 52-bit descriptors (TCR_EL1.DS), and
 * tables or data of a big-endian guest.
 */
#ifndef VMM_WALK_H
#define VMM_WALK_H

#include <stdbool.h>
#include <stdint.h>

enum walk_access { WALK_READ, WALK_WRITE, WALK_FETCH };

struct walk {
	uint64_t sctlr, tcr, ttbr0, ttbr1;
	bool el0; /* the access is as EL0 does it */
	bool pan; /* PSTATE.PAN */
	/* Reads an entry at a guest physical address; false: there is no memory. */
	bool (*read)(void *host, uint64_t address, uint64_t *entry);
	void *host;
};

/* False: the access would fault at stage 1, or cannot be told. */
bool walk_translate(const struct walk *w, uint64_t virtual, enum walk_access access,
		    uint64_t *address);

#endif
