/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that the guest gets when it first touches it: one frame for each fault. The memory is the
 * VM's from the start, zeroed and mapped in this process and in device servers, so that a touch
 * needs nothing that could be missing.
 */
#include "services/lib/log.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/machine.h"
#include "services/vmm/machine_parts.h"

/* Takes the slots and notes what will be there. */
int32_t machine_map_later(struct machine *m, uint64_t gpa, skerry_cap first, uint32_t count,
			  uint32_t order, uint32_t attributes)
{
	skerry_cap copies =
	    m->mapping_count < MACHINE_MAPPINGS ? machine_slots_take(&m->slots, count) : 0;

	if (!copies)
		return LIMIT;
	m->mappings[m->mapping_count++] = (struct machine_mapping){
	    gpa, (uint64_t)count << order, order, copies, first, attributes};
	m->later_bytes += (uint64_t)count << order;
	return OK;
}

/* Of two vCPUs that touch a frame at once, the second finds it there. */
bool machine_touch(struct machine *m, uint64_t gpa)
{
	for (uint32_t i = 0; i < m->mapping_count; i++) {
		const struct machine_mapping *p = &m->mappings[i];
		const skerry_cap frame = (skerry_cap)((gpa - p->gpa) >> p->order);
		int32_t status;

		if (!p->source || gpa < p->gpa || gpa - p->gpa >= p->size)
			continue;
		status = cspace_copy(START_SLOT_CSPACE, p->first + frame, p->source + frame,
				     RIGHT_ALL, 0);
		if (status)
			return status == EXISTS;
		status = space_map(m->space, p->first + frame,
				   p->gpa + ((uint64_t)frame << p->order), p->attributes, 1);
		if (status) {
			(void)cspace_delete(START_SLOT_CSPACE, p->first + frame);
			return false;
		}
		m->touched_bytes += 1ull << p->order;
		return true;
	}
	return false;
}

void machine_report_touched(const struct machine *m)
{
	if (m->later_bytes)
		log_line("vmm %s: touched %lu KiB of %lu KiB", m->config->name,
			 (unsigned long)(m->touched_bytes >> 10),
			 (unsigned long)(m->later_bytes >> 10));
}
