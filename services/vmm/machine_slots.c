/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/machine_slots.h"

#include <string.h>

#include "services/lib/grants.h"

static void drop_range(struct machine_slots *s, uint32_t i)
{
	s->count--;
	memmove(&s->free[i], &s->free[i + 1], (s->count - i) * sizeof(s->free[0]));
}

skerry_cap machine_slots_take(struct machine_slots *s, uint32_t count)
{
	for (uint32_t i = 0; i < s->count; i++) {
		struct machine_slot_range *r = &s->free[i];
		const skerry_cap first = r->first;

		if (r->count < count)
			continue;
		r->first += count;
		r->count -= count;
		if (r->count == 0)
			drop_range(s, i);
		return first;
	}
	return slots_take(count);
}

void machine_slots_give(struct machine_slots *s, skerry_cap first, uint32_t count)
{
	uint32_t i = 0;

	if (count == 0)
		return;
	while (i < s->count && s->free[i].first < first)
		i++;
	if (i > 0 && s->free[i - 1].first + s->free[i - 1].count == first) {
		s->free[--i].count += count;
	} else if (s->count < MACHINE_FREE_SLOTS) {
		memmove(&s->free[i + 1], &s->free[i], (s->count - i) * sizeof(s->free[0]));
		s->free[i] = (struct machine_slot_range){first, count};
		s->count++;
	} else {
		return;
	}
	if (i + 1 < s->count && s->free[i].first + s->free[i].count == s->free[i + 1].first) {
		s->free[i].count += s->free[i + 1].count;
		drop_range(s, i + 1);
	}
}
