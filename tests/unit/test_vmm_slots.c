/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/machine_slots.c */
/* Slots that are given back are taken again, whole and in parts. */
#include "services/vmm/machine_slots.h"

#include "services/lib/grants.h"

#include "test.h"

static uint32_t fresh = 100, limit = 10000;

skerry_cap slots_take(uint32_t count)
{
	const uint32_t first = fresh;

	if (count > limit - fresh)
		return 0;
	fresh += count;
	return first;
}

TEST(slots_come_back)
{
	struct machine_slots s = {0};
	skerry_cap a = machine_slots_take(&s, 10), b = machine_slots_take(&s, 5);

	CHECK_EQ(b, a + 10);
	machine_slots_give(&s, a, 10);
	CHECK_EQ(machine_slots_take(&s, 4), a);
	CHECK_EQ(machine_slots_take(&s, 6), a + 4);
	CHECK_EQ(s.count, 0);
	CHECK_EQ(machine_slots_take(&s, 1), b + 5);
}

TEST(slots_that_touch_become_one)
{
	struct machine_slots s = {0};
	const skerry_cap a = machine_slots_take(&s, 30);

	machine_slots_give(&s, a + 20, 10);
	machine_slots_give(&s, a, 10);
	CHECK_EQ(s.count, 2);
	machine_slots_give(&s, a + 10, 10);
	CHECK_EQ(s.count, 1);
	machine_slots_give(&s, a, 0);
	CHECK_EQ(s.count, 1);
	CHECK_EQ(machine_slots_take(&s, 30), a);
}

TEST(slots_run_out)
{
	struct machine_slots s = {0};

	CHECK_EQ(machine_slots_take(&s, limit), 0);
}

/* As VMs do: what is in use never overlaps, and all of it is one range again in the end. */
TEST(slots_at_random)
{
	struct machine_slots s = {0};
	struct machine_slot_range used[40] = {{0}};
	uint32_t seed = 1, before, owned = 0;

	for (unsigned round = 0; round < 20000; round++) {
		struct machine_slot_range *r;

		seed = seed * 1103515245 + 12345;
		r = &used[seed >> 16 & 31];
		if (r->count) {
			machine_slots_give(&s, r->first, r->count);
			owned -= r->count;
			r->count = 0;
			continue;
		}
		r->count = (seed >> 8 & 15) + 1;
		r->first = machine_slots_take(&s, r->count);
		CHECK(r->first);
		owned += r->count;
		for (unsigned i = 0; i < 32; i++)
			CHECK(&used[i] == r || !used[i].count ||
			      used[i].first + used[i].count <= r->first ||
			      r->first + r->count <= used[i].first);
	}
	before = fresh;
	CHECK(before < 2000); /* what was given was used */
	for (unsigned i = 0; i < 32; i++)
		machine_slots_give(&s, used[i].first, used[i].count);
	CHECK_EQ(s.count, 1);
	CHECK(s.free[0].count >= owned);
}
