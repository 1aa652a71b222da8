/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line for each thing a guest did that nobody can serve, naming VM, vCPU, address and what is
 * near it. A guest can do that without end, so lines are few: INCIDENT_BURST a second, and a count
 * of the rest.
 */
#ifndef VMM_INCIDENT_H
#define VMM_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/vmm/axvm.h"

#define INCIDENT_BURST 8u

struct incidents {
	uint64_t frequency; /* of the counter `now` comes from */
	uint64_t since;	    /* start of the current second */
	uint32_t lines;	    /* in it */
	uint32_t dropped;   /* not shown since the last line */
};

/* Whether a line may go out at `now`; *missed: how many did not since the last that did. */
bool incident_allowed(struct incidents *r, uint64_t now, uint32_t *missed);

/* At the end: how many were not shown since the last line, and no line will tell. */
uint32_t incident_rest(struct incidents *r);

/*
 * Why an access at gpa cannot be served: "nothing there (gap between disk0 0x0a000000 and ram0
 * 0x80000000)", "gicd 0x08000000 has no such access", "ram0 0x80000000 does not allow it".
 */
void incident_place(const struct axvm *vm, uint64_t gpa, char *text, size_t size);

#endif
