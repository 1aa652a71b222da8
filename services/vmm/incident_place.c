/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/incident_place.h"

#include <stdio.h>

void incident_place(const struct axvm *vm, uint64_t gpa, char *text, size_t size)
{
	const struct axvm_area *below, *above, *at = axvm_area_at(vm, gpa, &below, &above);

	if (INCIDENT_PAGE_UNKNOWN(gpa))
		snprintf(text, size, "its page does not allow this");
	else if (at)
		snprintf(text, size, "%s 0x%08lx %s", at->name, (unsigned long)at->gpa,
			 at->host ? "does not allow it" : "has no such access");
	else if (below && above)
		snprintf(text, size, "nothing there (gap between %s 0x%08lx and %s 0x%08lx)",
			 below->name, (unsigned long)below->gpa, above->name,
			 (unsigned long)above->gpa);
	else if (below)
		snprintf(text, size, "nothing there (above %s 0x%08lx, the last)", below->name,
			 (unsigned long)below->gpa);
	else if (above)
		snprintf(text, size, "nothing there (below %s 0x%08lx, the first)", above->name,
			 (unsigned long)above->gpa);
	else
		snprintf(text, size, "nothing there (an empty address space)");
}
