/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line for each thing a guest did that nobody can serve, naming VM, vCPU, address and what is
 * near it. A guest can do that without end, so lines are few: REPORT_BURST a second, and a count of
 * the rest.
 */
#ifndef VMM_REPORT_H
#define VMM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/vmm/axvm.h"

#define REPORT_BURST 8u

struct report {
	uint64_t frequency; /* of the counter `now` comes from */
	uint64_t since;	    /* start of the current second */
	uint32_t lines;	    /* in it */
	uint32_t dropped;   /* not shown since the last line */
};

/* Whether a line may go out at `now`; *missed: how many did not since the last that did. */
bool report_allowed(struct report *r, uint64_t now, uint32_t *missed);

/* "write-protected ram0 0x80000000" or "gap between disk0 0xa000000 and ram0 0x80000000". */
void report_place(const struct axvm *vm, uint64_t gpa, char *text, size_t size);

#endif
