/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/report.h"

#include <stdio.h>

bool report_allowed(struct report *r, uint64_t now, uint32_t *missed)
{
	if (now - r->since >= r->frequency) {
		r->since = now;
		r->lines = 0;
	}
	if (r->lines >= REPORT_BURST) {
		r->dropped++;
		return false;
	}
	r->lines++;
	*missed = r->dropped;
	r->dropped = 0;
	return true;
}

void report_place(const struct axvm *vm, uint64_t gpa, char *text, size_t size)
{
	const struct axvm_area *below, *above, *at = axvm_area_at(vm, gpa, &below, &above);

	if (at)
		snprintf(text, size, "%s %s 0x%08lx", at->host ? "memory" : "device", at->name,
			 (unsigned long)at->gpa);
	else if (below && above)
		snprintf(text, size, "gap between %s 0x%08lx and %s 0x%08lx", below->name,
			 (unsigned long)below->gpa, above->name, (unsigned long)above->gpa);
	else if (below)
		snprintf(text, size, "above %s 0x%08lx, the last", below->name,
			 (unsigned long)below->gpa);
	else if (above)
		snprintf(text, size, "below %s 0x%08lx, the first", above->name,
			 (unsigned long)above->gpa);
	else
		snprintf(text, size, "an empty address space");
}
