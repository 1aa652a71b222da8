/* SPDX-License-Identifier: BSD-2-Clause */
#include "incident.h"

bool incident_allowed(struct incidents *r, uint64_t now, uint32_t *missed)
{
	if (now - r->since >= r->frequency) {
		r->since = now;
		r->lines = 0;
	}
	if (r->lines >= INCIDENT_BURST) {
		r->dropped++;
		return false;
	}
	r->lines++;
	*missed = r->dropped;
	r->dropped = 0;
	return true;
}

uint32_t incident_rest(struct incidents *r)
{
	uint32_t rest = r->dropped;

	r->dropped = 0;
	return rest;
}
