/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines about what a guest did that nobody can serve. A guest can do that without end, so lines are
 * few: INCIDENT_BURST a second, and a count of the rest.
 */
#ifndef LIB_INCIDENT_H
#define LIB_INCIDENT_H

#include <stdbool.h>
#include <stdint.h>

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

#endif
